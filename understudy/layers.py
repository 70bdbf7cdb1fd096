"""Layers that several networks share."""

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1  # of every leaky rectifier below zero


def activate(features: Tensor) -> Tensor:
    """LeakyReLU with slope 0.1."""
    return functional.leaky_relu(features, SLOPE)


def conv3(channels_in: int, channels_out: int, *, stride: int = 1, generator: torch.Generator) -> nn.Conv2d:
    """A 3 × 3 convolution, He-normal weights, zero bias."""
    layer = nn.Conv2d(channels_in, channels_out, 3, stride, 1)
    nn.init.kaiming_normal_(layer.weight, a=SLOPE, generator=generator)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def subpixel_conv3(channels_in: int, channels_out: int, *, factor: int, generator: torch.Generator) -> nn.Conv2d:
    """A 3 × 3 convolution to be followed by `pixel_shuffle(factor)`.

    Its weights start equal within a shuffled block (ICNR, Aitken et al. 2017), so that no checkerboard is there to
    be unlearnt.
    """
    layer = nn.Conv2d(channels_in, channels_out * factor**2, 3, 1, 1)
    once = torch.empty(channels_out, channels_in, 3, 3)
    nn.init.kaiming_normal_(once, a=SLOPE, generator=generator)
    with torch.no_grad():
        layer.weight.copy_(once.repeat_interleave(factor**2, 0))
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class Upscale(nn.Module):
    """Twice the resolution: convolution, LeakyReLU, depth to space."""

    def __init__(self, channels_in: int, channels_out: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.convolution = subpixel_conv3(channels_in, channels_out, factor=2, generator=generator)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, 2H, 2W)."""
        return functional.pixel_shuffle(activate(self.convolution(features)), 2)
