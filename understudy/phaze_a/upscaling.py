"""The ways in which Phaze-A doubles a side."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import he_uniform
from understudy.blocks.upscaling import Enlarged, Leaky, Subpixel, TwoWay

Upscaling = Literal["subpixel", "resize_images", "fast", "hybrid", "dny"]


def upscaling(method: Upscaling, channels_in: int, channels_out: int) -> nn.Module:
    """A layer from (B, channels_in, H, W) to (B, channels_out, 2 · H, 2 · W)."""
    if method == "subpixel":
        return Subpixel(channels_in, channels_out)
    if method == "resize_images":
        return Resized(channels_in, channels_out)
    if method == "dny":
        return _smooth(channels_in, channels_out)
    return TwoWay(channels_in, channels_out, summed=method == "fast")


class Resized(nn.Module):
    """Bilinear enlargement and a convolution, plus a transposed convolution, LeakyReLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.smooth = nn.Sequential(Enlarged(), Convolution(channels_in, channels_out, 3))
        self.sharp = Transposed(channels_in, channels_out)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, 2 · H, 2 · W)."""
        return torch.as_tensor(functional.leaky_relu(self.smooth(features) + self.sharp(features), 0.1))


class Transposed(nn.ConvTranspose2d):
    """A transposed 3 × 3 convolution of stride 2, cut as Keras cuts it: exactly twice the side."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, 2)
        self.start = he_uniform

    def reset_parameters(self) -> None:
        """Nothing: `start_weights` fills them."""

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, 2 · H, 2 · W)."""
        return super().forward(features, output_size)[..., :-1, :-1]


def _smooth(channels_in: int, channels_out: int) -> nn.Sequential:
    """Bilinear enlargement and two convolutions (Naruniec et al. 2020)."""
    return nn.Sequential(
        Enlarged(),
        Convolution(channels_in, channels_out, 3),
        Leaky(0.2),
        Convolution(channels_out, channels_out, 3),
        Leaky(0.2),
    )
