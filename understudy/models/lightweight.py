"""The original autoencoder made small: three convolutions and half the code, but decoders twice as wide.

From: faceswap, for cards of 2 GB. 51,066,374 parameters at 64 pixels; the encoder gives 8 × 8 × 256. Costs 6.6 GFLOP
a face forward: the wide decoders take back in time what they save in memory. Any number of people.
"""

from collections.abc import Sequence
from functools import partial

import torch
from pydantic import Field
from torch import nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.decoding import mask_branch, picture_branch
from understudy.blocks.encoding import bottleneck, halvings
from understudy.blocks.people import DecoderEach
from understudy.blocks.upscaling import Subpixel
from understudy.networks import SIDES

SIDE_PX, DEEPEST_PX, CODE_PX = 64, 8, 4  # of the face, after the convolutions, and of what the dense layers make


class Settings(AutoencoderSettings):
    """The lightweight autoencoder: for small cards and first tries."""

    width: int = Field(default=128, ge=4, le=256)
    """Filters of the first convolution; all others follow."""
    nodes: int = Field(default=512, ge=8, le=8192)
    """Values of the dense code. Raise it when even training faces are not rebuilt well."""


class Model(Autoencoder):
    """The lightweight autoencoder."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderEach):
    """The network of the lightweight autoencoder; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        width = settings.width
        widths = [2 * width, 4 * width, 2 * width, width]
        super().__init__(
            _encoder(width, settings.nodes),
            decoder=partial(picture_branch, widths),
            mask=partial(mask_branch, widths) if settings.learn_mask else None,
            people=people,
            input_px=SIDE_PX,
            output_px=SIDE_PX,
        )


def _encoder(width: int, nodes: int) -> nn.Sequential:
    return nn.Sequential(
        *halvings([3, width, 2 * width, 4 * width]),
        *bottleneck(4 * width * DEEPEST_PX**2, nodes, channels=4 * width, side_px=CODE_PX),
        Subpixel(4 * width, 2 * width),
    )
