"""Unbalanced: a source's decoder with residual blocks, a target's without, whose channels now and then drop out.

From: faceswap's model of this name. Both first convolutions are normalised over the whole picture; upscalings have
5 × 5 kernels. 207,046,186 parameters at 128 pixels: the encoder has 83,964,932, the target's decoder 43,633,827,
every other person's 79,447,427; `lowmem` 107,962,506, without residual blocks. Weights start normal with deviation
0.02. Costs 46 GFLOP a target's face forward, 98 a source's, at 128 pixels; four times as much for every doubling.
What is painted is as large as what is seen. Any number of people.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.chance import Chain, ChannelDropout
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.decoding import ToPicture, mask_branch
from understudy.blocks.norms import SampleNorm
from understudy.blocks.starts import normal
from understudy.blocks.upscaling import Leaky, Residual, Subpixel
from understudy.networks import SIDES, FaceNetwork, Rebuilt

START = normal(0.02)
ENCODER = (1, 2, 4, 6, 8)  # filters, in those of the first
NORMED = 2  # of the first convolutions
DROPPED = {False: (0.25, 0.25), True: (0.25, 0.15)}  # after the target's first upscalings, by lowmem


class Sizes(NamedTuple):
    """What settings leave open: values of the code, channels of what dense layers make, filters of the decoders."""

    nodes: int
    code: int
    target: int
    source: int


FULL, LOWMEM = Sizes(1024, 512, 384, 512), Sizes(512, 384, 320, 384)


class Settings(AutoencoderSettings):
    """Unbalanced: large; a GPU of 8 GB, and of 24 GB above 256 pixels."""

    resolution_px: int = Field(default=128, ge=64, le=512, multiple_of=32)
    """Side of what is seen and painted; twice as much is four times the arithmetic and dense layers."""
    lowmem: bool = False
    """Half the code, narrower decoders and no residual blocks: half the memory."""
    encoder_width: int = Field(default=128, ge=4, le=1024)
    """Filters of the encoder's first convolution; all others follow."""
    nodes: int | None = Field(default=None, ge=8, le=4096)
    """Values of the dense code; null is 1024, or 512 with lowmem. The origin allows 512 to 4096."""
    code_width: int | None = Field(default=None, ge=8, le=1024)
    """Channels of what the dense layers make; null is 512, or 384 with lowmem."""
    target_width: int | None = Field(default=None, ge=16, le=1024)
    """Filters of the target's first upscaling, all others follow; null is 384, or 320 with lowmem."""
    source_width: int | None = Field(default=None, ge=16, le=1024)
    """Filters of every other person's first upscaling, all others follow; null is 512, or 384 with lowmem."""

    @property
    def sizes(self) -> Sizes:
        """The sizes as chosen, or as `lowmem` has them."""
        default = LOWMEM if self.lowmem else FULL
        return Sizes(
            self.nodes or default.nodes,
            self.code_width or default.code,
            self.target_width or default.target,
            self.source_width or default.source,
        )


class Model(Autoencoder):
    """Unbalanced."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(FaceNetwork):
    """The network of Unbalanced; any number of people, of whom the target alone has the small decoder."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = settings.resolution_px, (settings.resolution_px,), people
        self.encoder = _encoder(settings)
        self.decoders = nn.ModuleDict(
            {person: (_small_decoder if person == "target" else _decoder)(settings) for person in people}
        )
        widths = [settings.sizes.code, *_small_widths(settings)]
        self.masks = nn.ModuleDict(
            {person: mask_branch(widths, kernel=5, start=START) for person in people if settings.learn_mask}
        )

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`; while learning, where channels of the target's decoder drop out."""
        del faces_B3HW
        mask = self.masks[person](features) if person in self.masks else None
        return Rebuilt((self.decoders[person](features, generator),), mask, features)


def _encoder(settings: Settings) -> nn.Sequential:
    widths = [3, *(times * settings.encoder_width for times in ENCODER)]
    layers: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise(widths)):
        layers.append(Convolution(before, after, 5, stride=2, start=START))
        layers += [SampleNorm()] if index < NORMED else []
        layers.append(Leaky(0.1))
    seen_px, code_px = settings.resolution_px // 32, settings.resolution_px // 16
    nodes, made = settings.sizes.nodes, settings.sizes.code
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        Dense(widths[-1] * seen_px**2, nodes, start=START),
        Dense(nodes, made * code_px**2, start=START),
        nn.Unflatten(1, (made, code_px, code_px)),
    )


def _up(before: int, after: int, *, slope: float | None = 0.1) -> Subpixel:
    return Subpixel(before, after, kernel=5, slope=slope, start=START)


def _small_widths(settings: Settings) -> list[int]:
    width = settings.sizes.target
    return [width, width, width // 2, width // 4]


def _small_decoder(settings: Settings) -> Chain:
    widths = _small_widths(settings)
    first, second, *others = (_up(*pair) for pair in pairwise([settings.sizes.code, *widths]))
    drops = [ChannelDropout(share) for share in DROPPED[settings.lowmem]]
    return Chain(first, drops[0], second, drops[1], *others, ToPicture(widths[-1]))


def _decoder(settings: Settings) -> Chain:
    width = settings.sizes.source
    if settings.lowmem:
        widths = [width >> index for index in range(4)]
        return Chain(*(_up(*pair) for pair in pairwise([settings.sizes.code, *widths])), ToPicture(widths[-1]))
    widths = [width, width, width // 2]
    layers: list[nn.Module] = []
    for before, after in pairwise([settings.sizes.code, *widths]):
        layers += [_up(before, after, slope=None), Leaky(0.2), Residual(after, first=START)]
    return Chain(*layers, _up(widths[-1], width // 4), ToPicture(width // 4))
