"""The original autoencoder: a shared encoder with a dense bottleneck, a decoder for each person.

From: the first public face swappers (2017) and all that followed them. 82,062,470 parameters at 64 pixels, layer by
layer theirs: 5 × 5 convolutions of stride 2, He-uniform; dense layers without activation, Glorot-uniform; sub-pixel
upscaling. `lowmem` leaves out the deepest convolution and halves the code: 60,565,126.

Larger outputs, which its authors wished for: a convolution more in the encoder and an upscaling more in the decoder
for every doubling, so that the code stays 8 × 8 × 512; with `code_px: 16` it stays one halving larger, which keeps
edges sharper and costs four times the dense layers. Costs 3.8 GFLOP a face forward at 64 pixels.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.decoding import mask_branch, picture_branch
from understudy.blocks.encoding import bottleneck, halvings
from understudy.blocks.people import DecoderEach
from understudy.blocks.upscaling import Subpixel
from understudy.networks import SIDES

CODE_PX = 4  # of what the dense layers make, before the first upscaling


class Settings(AutoencoderSettings):
    """The original autoencoder: large and slow; hours on a GPU, not minutes on a CPU."""

    resolution_px: Literal[64, 128, 256, 512] = 64
    """Side of what is seen and painted. Above 64 the painted square no longer looks stretched; each doubling costs
    four times the arithmetic."""
    code_px: Literal[8, 16] = 8
    """Side of the code that decoders are given; 16 keeps edges sharper and costs four times the dense layers."""
    lowmem: bool = False
    """Leaves out the deepest convolution and halves the nodes: two thirds of the memory, a little less likeness."""
    width: int = Field(default=128, ge=4, le=256)
    """Filters of the first convolution; all others follow."""
    nodes: int = Field(default=1024, ge=8, le=8192)
    """Values of the dense code. Raise it when even training faces are not rebuilt well."""


class Model(Autoencoder):
    """The original autoencoder."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderEach):
    """The network of the original autoencoder; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        widths, side = _decoder_widths(settings), settings.resolution_px
        super().__init__(
            _encoder(settings),
            decoder=partial(picture_branch, widths),
            mask=partial(mask_branch, widths) if settings.learn_mask else None,
            people=people,
            input_px=side,
            output_px=side,
        )


def _encoder(settings: Settings) -> nn.Sequential:
    code_px, width = CODE_PX * settings.code_px // 8, settings.width
    depth = int(math.log2(settings.resolution_px // code_px)) - settings.lowmem
    widths = [3, *(width * min(2**power, 8) for power in range(depth))]
    seen_px = settings.resolution_px >> depth
    nodes = settings.nodes // (2 if settings.lowmem else 1)
    return nn.Sequential(
        *halvings(widths),
        *bottleneck(widths[-1] * seen_px**2, nodes, channels=8 * width, side_px=code_px),
        Subpixel(8 * width, 4 * width),
    )


def _decoder_widths(settings: Settings) -> list[int]:
    """Channels of the code and after each upscaling; the last three halve."""
    width, doublings = settings.width, int(math.log2(settings.resolution_px // settings.code_px))
    last = [2 * width, width, width // 2][-doublings:]
    return [4 * width] * (1 + doublings - len(last)) + last
