"""Upscaling that is followed by residual blocks at the new resolution."""

from torch import nn

from understudy.blocks.starts import Start, he_uniform
from understudy.blocks.upscaling import Leaky, Residual, Subpixel


def refined(
    channels_in: int,
    channels_out: int,
    *,
    residuals: int = 1,
    start: Start = he_uniform,
    first: Start = he_uniform,
) -> nn.Sequential:
    """(B, channels_in, H, W) to (B, channels_out, 2H, 2W): a linear Subpixel, LeakyReLU 0.2, residual blocks.

    `start` is of the upscaling, `first` of each block's first convolution.
    """
    return nn.Sequential(
        Subpixel(channels_in, channels_out, slope=None, start=start),
        Leaky(0.2),
        *(Residual(channels_out, first=first) for _ in range(residuals)),
    )
