"""The original's encoder with decoders that paint twice the size: residual blocks after each upscaling.

From: dfaker, by way of faceswap. 113,330,822 parameters from 64 to 128 pixels, 258,046,598 from 128 to 256, where both
the dense layer that reads the encoder and the decoder's first stage grow. A residual block starts as nearly nothing, so
that a decoder begins as a chain of upscalings. Costs 17.8 GFLOP a face forward at 128 pixels, 86.2 at 256. Any
number of people.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.decoding import ToPicture, mask_branch
from understudy.blocks.encoding import bottleneck, halvings
from understudy.blocks.people import DecoderEach
from understudy.blocks.refining import refined
from understudy.blocks.starts import normal
from understudy.blocks.upscaling import Subpixel
from understudy.networks import SIDES

CODE_PX = 4  # of what the dense layers make, before the encoder's upscaling


class Settings(AutoencoderSettings):
    """The autoencoder that paints twice the size it sees."""

    resolution_px: Literal[128, 256] = 128
    """Side of what is painted; half of it is seen. 256 costs five times the arithmetic."""
    width: int = Field(default=128, ge=4, le=256)
    """Filters of the first convolution; all others follow."""
    nodes: int = Field(default=1024, ge=8, le=8192)
    """Values of the dense code. Raise it when even training faces are not rebuilt well."""


class Model(Autoencoder):
    """The autoencoder that paints twice the size it sees."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderEach):
    """The network of the autoencoder that paints twice the size it sees; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        width, side = settings.width, settings.resolution_px
        largest = [8 * width] if side == 256 else []
        widths = [4 * width, *largest, 4 * width, 2 * width, width, width // 2]
        super().__init__(
            _encoder(width, settings.nodes, seen_px=side // 2),
            decoder=partial(_decoder, widths),
            mask=partial(mask_branch, widths) if settings.learn_mask else None,
            people=people,
            input_px=side // 2,
            output_px=side,
        )


def _encoder(width: int, nodes: int, *, seen_px: int) -> nn.Sequential:
    return nn.Sequential(
        *halvings([3, width, 2 * width, 4 * width, 8 * width]),
        *bottleneck(8 * width * (seen_px // 16) ** 2, nodes, channels=8 * width, side_px=CODE_PX),
        Subpixel(8 * width, 4 * width),
    )


def _decoder(widths: Sequence[int]) -> nn.Sequential:
    stages = [refined(*pair, first=normal(0.02)) for pair in pairwise(widths[:-1])]
    return nn.Sequential(*stages, Subpixel(*widths[-2:]), ToPicture(widths[-1]))
