"""The original autoencoder at 128 pixels, its code spread over 16 × 16: less to unfold, more to remember.

From: DeepFaceLab's H128, as faceswap has it. 107,716,102 parameters; `lowmem` halves the code and all that follows it:
48,244,102. The first dense layer is narrower than the original's and the code four times as large, which keeps what is
where. Costs 30.9 GFLOP a face forward, 11.7 with `lowmem`. Any number of people.
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

SIDE_PX, CODE_PX = 128, 8  # of the face, and both of the deepest convolution and of what the dense layers make


class Settings(AutoencoderSettings):
    """The autoencoder of 128 pixels with a large code."""

    lowmem: bool = False
    """Halves the code and all that follows it: less than half the memory, a little less likeness."""
    width: int = Field(default=128, ge=4, le=256)
    """Filters of the first convolution; those of the encoder follow."""
    code_dims: int = Field(default=512, ge=8, le=2048, multiple_of=8)
    """Values of the dense code and channels of the code that decoders are given; their filters follow."""


class Model(Autoencoder):
    """The autoencoder of 128 pixels with a large code."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderEach):
    """The network of the autoencoder of 128 pixels with a large code; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        code = settings.code_dims // (2 if settings.lowmem else 1)
        widths = [code, code, code // 2, code // 4]
        super().__init__(
            _encoder(settings.width, code),
            decoder=partial(picture_branch, widths),
            mask=partial(mask_branch, widths) if settings.learn_mask else None,
            people=people,
            input_px=SIDE_PX,
            output_px=SIDE_PX,
        )


def _encoder(width: int, code: int) -> nn.Sequential:
    return nn.Sequential(
        *halvings([3, width, 2 * width, 4 * width, 8 * width]),
        *bottleneck(8 * width * CODE_PX**2, code, channels=code, side_px=CODE_PX),
        Subpixel(code, code),
    )
