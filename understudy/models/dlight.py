"""DLight: an encoder that also keeps what it sees small, and a source's decoder ten times the target's.

From: faceswap's model of this name. Every halving of the encoder puts a convolution's channels beside the averaged
channels that came in; upscaling puts a sub-pixel branch beside a bilinear one, which softens its checkerboards. At
128 to 256 pixels 143,614,006 values (1,280 of them statistics of batch norms): the encoder has 61,783,296, the
target's decoder 6,869,523, every other person's 74,961,187. Costs 9 GFLOP a target's face forward, 70 a source's.

Mended: the origin's batch norms follow what passes by; here what they paint with is measured over the training faces,
with the weights as they are, before each validation. Any number of people.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.chance import Chain, Dropout
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.decoding import ToPicture, mask_branch
from understudy.blocks.norms import BatchNorm
from understudy.blocks.upscaling import Enlarged, Leaky, Residual, Subpixel, TwoWay
from understudy.networks import SIDES, FaceNetwork, Rebuilt

INPUT_PX = 128
CODE_PX = 4
HALVINGS = 5
DROPPED = 0.05
FEATURES = {"lowmem": (24, 640), "fair": (32, 1152), "best": (32, 1664)}  # first filters, nodes


class Settings(AutoencoderSettings):
    """DLight: large; a GPU of 8 GB and a day or more."""

    output_px: Literal[128, 256, 384] = 256
    """Side of what is painted; 128 pixels are seen."""
    features: Literal["lowmem", "fair", "best"] = "best"
    """What the encoder keeps of a face: fewer features are less memory and less likeness."""
    details: Literal["fast", "good"] = "good"
    """How the source is painted: "good" has residual blocks, which show in skin and hair; "fast" is a third quicker."""
    width: int | None = Field(default=None, ge=4, le=64)
    """Filters of the first convolution; null leaves it to `features`."""
    nodes: int | None = Field(default=None, ge=8, le=4096)
    """Values of the dense code; null leaves it to `features`."""
    decoder_width: int = Field(default=512, ge=32, le=1024, multiple_of=32)
    """Filters of the source's first upscaling; all others follow, and the code has twice as many channels."""


class Model(Autoencoder):
    """DLight."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)

    def validation(self) -> Mapping[str, float]:
        """As every autoencoder, once the batch norms know their faces."""
        self.measure_populations()
        return super().validation()


class Network(FaceNetwork):
    """The network of DLight; any number of people, of whom the target alone has the small decoder."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = INPUT_PX, (settings.output_px,), people
        self.encoder = _encoder(settings)
        large = _fast_decoder if settings.details == "fast" else _decoder
        makers = {person: _small_decoder if person == "target" else large for person in people}
        self.decoders = nn.ModuleDict({person: make(settings) for person, make in makers.items()})
        self.masks = nn.ModuleDict({person: _mask(settings) for person in people if settings.learn_mask})

    def encode(self, faces_B3HW: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """What is seen in the faces; while learning, with dropout."""
        return torch.as_tensor(self.encoder(faces_B3HW, generator))

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`; while learning, with dropout, and batch norms that see this batch alone."""
        del faces_B3HW
        mask = self.masks[person](features) if person in self.masks else None
        return Rebuilt((self.decoders[person](features, generator),), mask, features)


class Halving(nn.Module):
    """A strided convolution's channels, then the averaged channels that came in."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = Convolution(channels_in, channels_out, 5, stride=2)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_in + channels_out, H / 2, W / 2)."""
        both = torch.cat([self.convolution(features), functional.avg_pool2d(features, 2)], 1)
        return functional.leaky_relu(both, 0.1)


def _encoder(settings: Settings) -> Chain:
    width, nodes = FEATURES[settings.features]
    width, nodes = settings.width or width, settings.nodes or nodes
    channels, layers = 3, []
    for index in range(HALVINGS):
        layers.append(Halving(channels, width << index))
        channels += width << index
    made = 2 * settings.decoder_width
    return Chain(
        *layers,
        nn.Flatten(),
        Dense(channels * (INPUT_PX >> HALVINGS) ** 2, nodes),
        Dropout(DROPPED),
        Dense(nodes, made * CODE_PX**2),
        Dropout(DROPPED),
        nn.Unflatten(1, (made, CODE_PX, CODE_PX)),
    )


def _first_factor(settings: Settings) -> int:
    return settings.output_px // (CODE_PX << 4)  # four doublings follow


def _small_decoder(settings: Settings) -> Chain:
    widths = [2 * settings.decoder_width, *(settings.decoder_width >> index for index in range(1, 5))]
    ups = (TwoWay(*pair) for pair in pairwise(widths))
    return Chain(Enlarged(_first_factor(settings)), *ups, ToPicture(widths[-1]))


def _fast_decoder(settings: Settings) -> Chain:
    width = settings.decoder_width
    widths = [width, *(width >> index for index in range(4))]
    ups = (TwoWay(*pair, summed=True) for pair in pairwise(widths))
    return Chain(Subpixel(2 * width, width, factor=_first_factor(settings)), *ups, ToPicture(widths[-1]))


def _decoder(settings: Settings) -> Chain:
    width = settings.decoder_width

    def rising(before: int, after: int, *residuals: nn.Module, factor: int = 2) -> Chain:
        return Chain(TwoWay(before, after, factor=factor, slope=None), Leaky(0.2), *residuals)

    return Chain(
        rising(
            2 * width,
            width,
            Residual(width),
            Residual(width, bias=False),
            Residual(width, bias=False),
            factor=_first_factor(settings),
        ),
        rising(width, width, Residual(width), Residual(width, bias=False), BatchNorm(width)),
        rising(width, width // 2, Residual(width // 2)),
        rising(width // 2, width // 4, Residual(width // 4, bias=False), BatchNorm(width // 4)),
        TwoWay(width // 4, width // 8),
        ToPicture(width // 8),
    )


def _mask(settings: Settings) -> nn.Sequential:
    width = settings.decoder_width
    widths = [width, *(width >> index for index in range(1, 5))]
    first = Subpixel(2 * width, width, factor=_first_factor(settings))
    return nn.Sequential(first, mask_branch(widths))
