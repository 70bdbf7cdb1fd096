"""Convolutions and dense layers whose weights are filled by `start_weights`, padded as Keras pads `same`.

With stride 2 and even sides Keras pads less before than after: a 5 × 5 kernel has one row before and two after, where
symmetric padding has two and two. Only so do results agree with the models' origins, pixel for pixel; of some of them
the padding is symmetric.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks import products, winograd
from understudy.blocks.starts import Start, glorot_uniform, he_uniform

Padding = Literal["keras", "symmetric"]


class Convolution(nn.Conv2d):
    """(B, channels_in, H, W) to (B, channels_out, ⌈H / stride⌉, ⌈W / stride⌉); He-uniform weights unless said."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        *,
        stride: int = 1,
        bias: bool = True,
        start: Start = he_uniform,
        shuffled_by: int = 1,
        groups: int = 1,
        padding: Padding = "keras",
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, bias=bias, groups=groups)
        self.start, self.shuffled_by, self.is_symmetric = start, shuffled_by, padding == "symmetric"

    def reset_parameters(self) -> None:
        """Nothing: `start_weights` fills them."""

    def forward(self, features: Tensor) -> Tensor:
        """The convolved features."""
        if self._learns_by_winograd(features):
            before, _ = self._around(features.shape[-1])
            return winograd.convolve(features, self.weight, self.bias, stride=self.stride[0], before=before)
        features, padding = self.padded(features)
        stride, side = self.stride[0], features.shape[-1] + 2 * padding[1] - self.kernel_size[0]
        pixels = (side // stride + 1) ** 2
        if self.groups == 1 and padding[0] == padding[1] and products.pays(features, self.weight, pixels=pixels):
            return products.convolve(features, self.weight, self.bias, stride=stride, padding=padding[0])
        return functional.conv2d(features, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _learns_by_winograd(self, features: Tensor) -> bool:
        stride, kernel, sides = self.stride[0], self.kernel_size[0], features.shape[-2:]
        keeps_sides = all(stride > sum(self._around(side)) + stride - kernel >= 0 for side in sides)
        return self.groups == 1 and keeps_sides and winograd.pays(features, self.weight, stride=stride)

    def padded(self, features: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """The features, and by how much the convolution is still to pad them; unevenly padded ones by nothing more."""
        (top, bottom), (left, right) = (self._around(side) for side in features.shape[-2:])
        if (top, left) == (bottom, right):
            return features, (top, left)
        return functional.pad(features, (left, right, top, bottom)), (0, 0)

    def _around(self, side: int) -> tuple[int, int]:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if self.is_symmetric:
            return kernel // 2, kernel // 2
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        return missing // 2, missing - missing // 2


class Separable(nn.Module):
    """A convolution of each channel by itself, then one of 1 × 1 over the channels (Chollet 2017)."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int, start: Start) -> None:
        super().__init__()
        self.each = Convolution(
            channels_in, channels_in, kernel, stride=stride, bias=False, start=start, groups=channels_in
        )
        self.across = Convolution(channels_in, channels_out, 1, start=start)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, ⌈H / stride⌉, ⌈W / stride⌉)."""
        return torch.as_tensor(self.across(self.each(features)))


class Dense(nn.Linear):
    """(B, inputs) to (B, outputs); Glorot-uniform weights unless said."""

    def __init__(self, inputs: int, outputs: int, *, start: Start = glorot_uniform) -> None:
        super().__init__(inputs, outputs)
        self.start = start

    def reset_parameters(self) -> None:
        """Nothing: `start_weights` fills them."""

    def forward(self, features: Tensor) -> Tensor:
        """The features' products with every row of the weights."""
        return products.dense(features, self.weight, self.bias)
