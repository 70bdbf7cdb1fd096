"""The ends of decoders: the picture, and the mask branch that any family can have."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import Start, he_uniform
from understudy.blocks.upscaling import Subpixel


class ToPicture(nn.Module):
    """A convolution to RGB, or to one channel, and a sigmoid: values within 0–1."""

    def __init__(self, channels_in: int, channels_out: int = 3, *, kernel: int = 5, start: Start = he_uniform) -> None:
        super().__init__()
        self.convolution = Convolution(channels_in, channels_out, kernel, start=start)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, H, W)."""
        return torch.sigmoid(self.convolution(features))


def picture_branch(widths: Sequence[int]) -> nn.Sequential:
    """From a code of `widths[0]` channels to RGB 0–1: a Subpixel for each further width, then ToPicture."""
    return nn.Sequential(*(Subpixel(*pair) for pair in pairwise(widths)), ToPicture(widths[-1]))


def mask_branch(widths: Sequence[int], *, kernel: int = 3, last: int = 2, start: Start = he_uniform) -> nn.Sequential:
    """From a code of `widths[0]` channels to a mask: a Subpixel for each further width, then ToPicture of one channel.

    The last of them enlarges by `last`, the others by two.
    """
    factors = [2] * (len(widths) - 2) + [last]
    ups = [
        Subpixel(*pair, kernel=kernel, factor=factor, start=start)
        for pair, factor in zip(pairwise(widths), factors, strict=True)
    ]
    return nn.Sequential(*ups, ToPicture(widths[-1], 1))
