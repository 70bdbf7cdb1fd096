"""The first halves of encoders, as lists of layers: halvings of the picture, and the narrow middle."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.starts import Start, glorot_uniform, he_uniform
from understudy.blocks.upscaling import Leaky


def halvings(widths: Sequence[int], *, start: Start = he_uniform) -> list[nn.Module]:
    """From (B, widths[0], H, W): a 5 × 5 convolution of stride 2 and LeakyReLU 0.1 to each further width."""
    return [layer for pair in pairwise(widths) for layer in (Convolution(*pair, 5, stride=2, start=start), Leaky(0.1))]


def bottleneck(
    inputs: int, nodes: int, *, channels: int, side_px: int, start: Start = glorot_uniform
) -> list[nn.Module]:
    """From anything of `inputs` values a face: two dense layers, the first of `nodes`, to (B, channels, side, side)."""
    return [
        nn.Flatten(),
        Dense(inputs, nodes, start=start),
        Dense(nodes, channels * side_px**2, start=start),
        nn.Unflatten(1, (channels, side_px, side_px)),
    ]
