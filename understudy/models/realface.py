"""RealFace: residual blocks, and a decoder of the source's face twice as large as that of the target's.

From: faceswap's model of this name. A shared encoder of four strided convolutions; the dense bottleneck lives in each
decoder, so that people share no code but the encoder's. 238,241,676 parameters at 64 to 128 pixels: the encoder has
29,604,608, the target's decoder 64,196,041, every other person's 144,441,027. He-uniform, dense layers Glorot-uniform.
Costs 11 GFLOP a target's face forward, 33 a source's.

Mended: only sizes that a whole number of doublings reaches are taken. The origin's rule picks the dense layer whose
side comes nearest to the encoder's; where that side is rounded, what comes out has another size than asked for.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.decoding import ToPicture, mask_branch
from understudy.blocks.upscaling import Leaky, Residual, Subpixel
from understudy.networks import SIDES, FaceNetwork, Rebuilt

SEEN_PER_CODE = 16  # the encoder halves four times
LARGEST_CODE_PX = 9
SMALLER = 1.5  # by so much are the target's widths divided
MASK_WIDTH = 384


class Settings(AutoencoderSettings):
    """RealFace: large, slow and detailed; a GPU of 8 GB and days, not minutes on a CPU."""

    input_px: int = Field(default=64, ge=64, le=128, multiple_of=16)
    """Side of what is seen. More sees finer expressions, and costs dense layers."""
    output_px: int = Field(default=128, ge=64, le=256, multiple_of=32)
    """Side of what is painted."""
    nodes: int = Field(default=1536, ge=8, le=2048)
    """Values of the source's dense code; the target's has two thirds of them."""
    code_width: int | None = Field(default=None, ge=8, le=1024)
    """Channels of what the dense layers make; null is the origin's rule, 1024 at 4 × 4 and fewer above."""
    encoder_width: int = Field(default=128, ge=4, le=160)
    """Filters of the encoder's first convolution; all others follow. The origin allows 96 to 160."""
    decoder_width: int = Field(default=512, ge=16, le=544)
    """Filters of the source's second upscaling; all others follow. The origin allows 512 to 544."""


class Model(Autoencoder):
    """RealFace."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(FaceNetwork):
    """The network of RealFace; any number of people, of whom the target alone has the small decoder."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = settings.input_px, (settings.output_px,), people
        self.encoder = _encoder(settings.encoder_width)
        self.bottlenecks, self.decoders, self.masks = nn.ModuleDict(), nn.ModuleDict(), nn.ModuleDict()
        for person in people:
            widths = decoder_widths(settings, is_small=person == "target")
            self.bottlenecks[person] = _bottleneck(settings, widths[0], is_small=person == "target")
            self.decoders[person] = _small_decoder(widths) if person == "target" else _decoder(widths)
            if settings.learn_mask:
                masks = [MASK_WIDTH >> index for index in range(len(widths) - 1)]
                self.masks[person] = mask_branch([widths[0], *masks])

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`."""
        del faces_B3HW, generator
        code = self.bottlenecks[person](features)
        mask = self.masks[person](code) if person in self.masks else None
        return Rebuilt((self.decoders[person](code),), mask, code)


def code_side(settings: Settings) -> int:
    """Side of what the dense layers make: of those that doublings bring to the output, the nearest to the encoder's."""
    sides = [settings.output_px >> doublings for doublings in (4, 5)]
    reaching = [side for side in sides if side <= LARGEST_CODE_PX and settings.output_px % side == 0]
    return min(reaching, key=lambda side: abs(side * SEEN_PER_CODE - settings.input_px))


def decoder_widths(settings: Settings, *, is_small: bool) -> list[int]:
    """Channels after each upscaling, the first of which keeps those of the dense layers."""
    side = code_side(settings)
    doublings = (settings.output_px // side).bit_length() - 1
    code, width = settings.code_width or (1024 - (side - 4) * 64) // 16 * 16, settings.decoder_width
    if is_small:
        code, width = int(code / SMALLER), int(width / SMALLER)
    return [code, *(width >> index for index in range(doublings - 1))]


def _encoder(width: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise([3, width, 2 * width, 4 * width]):
        layers += [Convolution(before, after, 5, stride=2), Leaky(0.2), Residual(after), Residual(after)]
    return nn.Sequential(*layers, Convolution(4 * width, 8 * width, 5, stride=2), Leaky(0.1))


def _bottleneck(settings: Settings, width: int, *, is_small: bool) -> nn.Sequential:
    seen_px, side = settings.input_px // SEEN_PER_CODE, code_side(settings)
    nodes = int(settings.nodes / SMALLER) if is_small else settings.nodes
    return nn.Sequential(
        nn.Flatten(),
        Dense(8 * settings.encoder_width * seen_px**2, nodes),
        Dense(nodes, width * side**2),
        nn.Unflatten(1, (width, side, side)),
        Subpixel(width, width, slope=None),
    )


def _small_decoder(widths: Sequence[int]) -> nn.Sequential:
    ups = (Subpixel(*pair) for pair in pairwise(widths))
    return nn.Sequential(Leaky(0.2), Residual(widths[0], bias=False), *ups, ToPicture(widths[-1]))


def _decoder(widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = [Leaky(0.2), Residual(widths[0], bias=False)]
    for before, after in pairwise(widths[:-1]):
        layers += [Subpixel(before, after, slope=None), Leaky(0.2), Residual(after, bias=False), Residual(after)]
    return nn.Sequential(*layers, Subpixel(*widths[-2:]), ToPicture(widths[-1]))
