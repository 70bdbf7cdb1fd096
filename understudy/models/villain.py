"""An encoder that looks long before it halves: sixteen residual blocks at half the resolution; for skin and detail.

From: VillainGuy's model, as faceswap has it. 155,115,014 parameters at 128 pixels; `lowmem` has half the blocks, one
halving less and half the dense code: 118,660,614. Twice the encoder unfolds what it has just halved, a quarter as deep,
before it halves again; deeper halvings are separable. Decoders have a residual block after each upscaling. Weights
start normal with deviation 0.02. Costs 96.5 GFLOP a face forward, 77.1 with `lowmem`. Any number of people.

Mended: separable layers start He-uniform. With the small normal weights of all others they pass on a fortieth and a
twentieth of what they are given, and at the start a decoder would be told next to nothing of the face.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.convolution import Convolution, Separable
from understudy.blocks.decoding import ToPicture, mask_branch
from understudy.blocks.encoding import bottleneck, halvings
from understudy.blocks.people import DecoderEach
from understudy.blocks.refining import refined
from understudy.blocks.starts import he_uniform, normal
from understudy.blocks.upscaling import Leaky, Residual, Subpixel
from understudy.networks import SIDES

SIDE_PX, CODE_PX = 128, 8  # of the face, and of what the dense layers make
START = normal(0.02)


class Settings(AutoencoderSettings):
    """The autoencoder with a long look at half the resolution: sharp, slow and hungry for memory."""

    lowmem: bool = False
    """Half the residual blocks, one halving less and half the dense code: three quarters of the parameters."""
    width: int = Field(default=128, ge=4, le=256, multiple_of=4)
    """Filters of the residual blocks; all others follow."""
    nodes: int = Field(default=1024, ge=8, le=8192)
    """Values of the dense code. Raise it when even training faces are not rebuilt well."""


class Model(Autoencoder):
    """The autoencoder with a long look at half the resolution."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderEach):
    """The network of the autoencoder with a long look at half the resolution; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        width = settings.width
        widths = [4 * width, 4 * width, 2 * width, width]
        super().__init__(
            Encoder(settings),
            decoder=partial(_decoder, widths),
            mask=partial(mask_branch, widths, start=START) if settings.learn_mask else None,
            people=people,
            input_px=SIDE_PX,
            output_px=SIDE_PX,
        )


class Encoder(nn.Module):
    """(B, 3, 128, 128) to the code (B, 4 · width, 16, 16)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        width, num_blocks = settings.width, 8 if settings.lowmem else 16
        self.first = Convolution(3, width, 5, stride=2, start=START)
        self.look = nn.Sequential(Leaky(0.2), *(Residual(width, first=START) for _ in range(num_blocks)))
        self.halve = _halve(width, has_deepest=not settings.lowmem)
        self.fold = _fold(settings)

    def forward(self, faces_B3HW: Tensor) -> Tensor:
        """The code."""
        seen = self.first(faces_B3HW)
        looked = self.look(seen) + functional.leaky_relu(seen, 0.1)
        return torch.as_tensor(self.fold(self.halve(looked)))


def _halve(width: int, *, has_deepest: bool) -> nn.Sequential:
    """(B, width, 64, 64) to (B, 8 · width, 4, 4), or to (B, 4 · width, 8, 8) without the deepest halving."""
    deepest = [Separable(4 * width, 8 * width, 5, stride=2, start=he_uniform), nn.ReLU()] if has_deepest else []
    return nn.Sequential(
        *halvings([width, width], start=START),
        nn.PixelShuffle(2),
        *halvings([width // 4, width], start=START),
        nn.PixelShuffle(2),
        *halvings([width // 4, width], start=START),
        Separable(width, 2 * width, 5, stride=2, start=he_uniform),
        nn.ReLU(),
        *halvings([2 * width, 4 * width], start=START),
        *deepest,
    )


def _fold(settings: Settings) -> nn.Sequential:
    width, lowmem = settings.width, settings.lowmem
    values = 4 * width * 8**2 if lowmem else 8 * width * 4**2
    nodes = settings.nodes // (2 if lowmem else 1)
    return nn.Sequential(
        *bottleneck(values, nodes, channels=8 * width, side_px=CODE_PX, start=START),
        Subpixel(8 * width, 4 * width, start=START),
    )


def _decoder(widths: Sequence[int]) -> nn.Sequential:
    stages = [refined(*pair, start=START, first=START) for pair in pairwise(widths)]
    return nn.Sequential(*stages, ToPicture(widths[-1]))
