"""faceswap-GAN's painter: a shared encoder and a decoder for each person, with self-attention, laid over the input.

Each decoder makes a picture and an alpha, and what is painted is alpha · picture + (1 − alpha) · input: what is not of
the face comes through. The picture itself is learnt too, as the last output but one; above 64 pixels so are smaller
ones, one for each doubling. Made for the critic `conditional`; learns without any as well. Any number of people.

Layer by layer its own: 71,732,354 parameters at 64 pixels, 81,548,302 at 128, 91,364,250 at 256. `lite` halves the
filters and enlarges by nearest neighbours: 10,896,914, 19,918,110 and 20,549,674. Convolutions start He-normal,
sub-pixel ones equal within a block (ICNR), attention with a gain of 0.

Mended: alpha is drawn to the face's mask, where it was drawn to nothing; `mask_losses` says how much.
Costs 7 GFLOP a face forward at 64 pixels, 12 at 128, 43 at 256; lite a third of it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.attention import SelfAttention, WholeNorm
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.decoding import ToPicture
from understudy.blocks.starts import he_normal
from understudy.blocks.upscaling import Leaky, Residual, Subpixel
from understudy.networks import SIDES, FaceNetwork, Rebuilt

CODE_PX = 4  # of what the dense layers make
LEAST_PX = 64
SLOPE = 0.2


class Settings(AutoencoderSettings):
    """faceswap-GAN's painter."""

    resolution_px: Literal[64, 128, 256] = 64
    """Side of what is seen and painted. 128 costs twice the arithmetic of 64, 256 six times."""
    lite: bool = False
    """Half the filters and simpler upscaling: a quarter of the weights, a little less detail."""
    attention: bool = True
    """Whether distant parts of a face see each other. Its largest map compares 4,096 positions with each other, at 256
    pixels two do."""
    width: int = Field(default=64, ge=8, le=128, multiple_of=8)
    """Filters of the first convolution and of the largest pictures; all others follow."""
    nodes: int | None = Field(default=None, ge=8, le=8192)
    """Values of the dense code; none is 1024, or 2048 for lite above 64 pixels."""
    icnr: bool = True
    """Whether sub-pixel layers start equal within a block of pixels, so that no checkerboard must be unlearnt."""


class Model(Autoencoder):
    """faceswap-GAN's painter."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(FaceNetwork):
    """The network of faceswap-GAN's painter; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        side = settings.resolution_px
        smaller = [LEAST_PX << power for power in range((side // LEAST_PX).bit_length() - 1)]
        self.input_px, self.outputs_px, self.people = side, (*smaller, side, side), people
        width = settings.width // (2 if settings.lite else 1)
        deepest = settings.width * (4 if settings.lite else 16)
        nodes = settings.nodes or (2048 if settings.lite and side > LEAST_PX else 1024)
        self.encoder = nn.Sequential(
            *_halvings(side, width, deepest, attention=settings.attention),
            nn.Flatten(),
            Dense(deepest * CODE_PX**2, nodes),
            Dense(nodes, deepest * CODE_PX**2),
            nn.Unflatten(1, (deepest, CODE_PX, CODE_PX)),
            _doubled(deepest, 8 * width, lite=settings.lite),
        )
        self.decoders = nn.ModuleDict(
            {person: Decoder(width, doublings=len(smaller), settings=settings) for person in people}
        )

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`, laid over those that were given."""
        del generator
        pictures, alpha = self.decoders[person](features)
        laid = alpha * pictures[-1] + (1 - alpha) * faces_B3HW
        return Rebuilt((*pictures, laid), alpha, features)


class Decoder(nn.Module):
    """Codes (B, 8 · width, 8, 8) to pictures from 64 pixels on, and an alpha for the last."""

    def __init__(self, width: int, *, doublings: int, settings: Settings) -> None:
        super().__init__()
        lite = settings.lite
        self.first = nn.Sequential(
            _doubled(8 * width, 4 * width, lite=lite),
            _doubled(4 * width, 2 * width, lite=lite),
            *_attended(2 * width, settings.attention),
            _doubled(2 * width, width, lite=lite),
            Residual(width, slope=SLOPE, bias=False, first=he_normal, second=he_normal),
            *_attended(width, settings.attention),
        )
        self.further = nn.ModuleList(
            nn.Sequential(_doubled(width, width, lite=lite), _convolved(width, width)) for _ in range(doublings)
        )
        self.heads = nn.ModuleList(Convolution(width, 3, 5, start=he_normal) for _ in range(doublings + 1))
        self.alpha = ToPicture(width, 1, start=he_normal)

    def forward(self, code: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Pictures, RGB 0–1, from the smallest on, and the alpha of the last, 0–1."""
        features = [self.first(code)]
        for double in self.further:
            features.append(double(features[-1]))
        pictures = tuple((torch.tanh(head(each)) + 1) / 2 for head, each in zip(self.heads, features, strict=True))
        return pictures, self.alpha(features[-1])


class Enlarged(Convolution):
    """Every pixel four times, then a 3 × 3 convolution that sees the picture mirrored beyond its border."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, start=he_normal)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, 2 · H, 2 · W)."""
        large = features.repeat_interleave(2, 2).repeat_interleave(2, 3)
        tall = torch.cat([large[..., 1:2, :], large, large[..., -2:-1, :]], 2)  # pad's gradient has no order on a GPU
        around = torch.cat([tall[..., 1:2], tall, tall[..., -2:-1]], 3)
        return functional.conv2d(around, self.weight, self.bias)


def _halvings(side_px: int, width: int, deepest: int, *, attention: bool) -> list[nn.Module]:
    """Faces to (B, deepest, 4, 4)."""
    widths = [width, 2 * width, 4 * width, 8 * width, *[deepest] * (side_px // LEAST_PX).bit_length()]
    layers: list[nn.Module] = [Convolution(3, width, 5, bias=False, start=he_normal)]
    for index, pair in enumerate(pairwise(widths)):
        layers.append(_convolved(*pair, stride=2))
        layers += [WholeNorm()] if index else []
        layers += _attended(pair[1], attention and index in (1, 2))
    return layers


def _attended(channels: int, attention: bool) -> list[nn.Module]:
    return [SelfAttention(channels)] if attention else []


def _convolved(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        Convolution(channels_in, channels_out, 3, stride=stride, bias=False, start=he_normal), nn.ReLU()
    )


def _doubled(channels_in: int, channels_out: int, *, lite: bool) -> nn.Sequential:
    """Twice the resolution; the norm is of the whole tensor, so it may as well come after the shuffle."""
    if lite:
        return nn.Sequential(Enlarged(channels_in, channels_out), Leaky(SLOPE), WholeNorm())
    return nn.Sequential(Subpixel(channels_in, channels_out, slope=SLOPE, start=he_normal), WholeNorm())
