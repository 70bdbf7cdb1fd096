"""Twice, or `factor` times, the resolution.

Depth to space takes channels as torch does (c, y, x). Keras takes them (y, x, c): the same network with its filters
renamed. Dense codes likewise are laid out as
channels, rows, columns.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import Start, he_uniform, scaled_uniform

NEARLY_NOTHING = scaled_uniform(0.2)


class Subpixel(nn.Module):
    """Convolution to factor² × `channels_out`, LeakyReLU of `slope` where there is one, depth to space."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int = 3,
        factor: int = 2,
        slope: float | None = 0.1,
        start: Start = he_uniform,
    ) -> None:
        super().__init__()
        self.slope, self.factor = slope, factor
        self.convolution = Convolution(channels_in, channels_out * factor**2, kernel, start=start, shuffled_by=factor)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, factor · H, factor · W)."""
        wide = self.convolution(features)
        if self.slope is not None:
            wide = functional.leaky_relu(wide, self.slope)
        return functional.pixel_shuffle(wide, self.factor)


class TwoWay(nn.Module):
    """A sub-pixel branch and one of a convolution and bilinear enlargement; only the former has the LeakyReLU.

    Half of the channels each, one after the other; or, `summed`, all of them each, which is dearer.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        factor: int = 2,
        slope: float | None = 0.1,
        summed: bool = False,
    ) -> None:
        super().__init__()
        self.summed = summed
        each = channels_out if summed else channels_out // 2
        self.sharp = Subpixel(channels_in, each, factor=factor, slope=slope)
        self.smooth = nn.Sequential(Convolution(channels_in, each, 3), Enlarged(factor))

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, factor · H, factor · W)."""
        sharp, smooth = self.sharp(features), self.smooth(features)
        return torch.as_tensor(sharp + smooth if self.summed else torch.cat([sharp, smooth], 1))


class Enlarged(nn.Module):
    """`factor` times the side, between pixels or as blocks of them."""

    def __init__(self, factor: int = 2, mode: Literal["bilinear", "nearest"] = "bilinear") -> None:
        super().__init__()
        self.factor, self.mode = factor, mode

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, channels, factor · H, factor · W)."""
        return functional.interpolate(features, scale_factor=float(self.factor), mode=self.mode)


class Residual(nn.Module):
    """Convolution, LeakyReLU, convolution that starts near nothing, added to what came in, LeakyReLU.

    `activation` stands in both places for a LeakyReLU of `slope`.
    """

    def __init__(
        self,
        channels: int,
        *,
        slope: float = 0.2,
        bias: bool = True,
        first: Start = he_uniform,
        second: Start = NEARLY_NOTHING,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation or Leaky(slope)
        self.first = Convolution(channels, channels, 3, bias=bias, start=first)
        self.second = Convolution(channels, channels, 3, bias=bias, start=second)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, H, W), as it came."""
        inner = self.second(self.activation(self.first(features)))
        return torch.as_tensor(self.activation(features + inner))


class Leaky(nn.Module):
    """LeakyReLU of a slope."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        return torch.as_tensor(functional.leaky_relu(features, self.slope))
