"""Self-attention over a picture's positions, and the norm that goes with it in faceswap-GAN's networks."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import he_normal
from understudy.precision import widened

SQUEEZE = 8  # channels that are compared are so many times fewer


class SelfAttention(nn.Module):
    """Every position gets a mean of all others, weighted by likeness, added to what it had (Zhang et al. 2019).

    What is added is scaled by a gain that starts as 0, so that training begins without it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(channels // SQUEEZE, 1)
        self.asked = Convolution(channels, narrow, 1, start=he_normal)
        self.offered = Convolution(channels, narrow, 1, start=he_normal)
        self.given = Convolution(channels, channels, 1, start=he_normal)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, H, W), as it came."""
        asked, offered, given = (each(features).flatten(2) for each in (self.asked, self.offered, self.given))
        weights = (asked.transpose(1, 2) @ offered).softmax(2)
        seen = weights @ given.transpose(1, 2)  # weights as they lie: transposed ones double the way back
        return features + self.gain * seen.transpose(1, 2).reshape(features.shape)


class WholeNorm(nn.Module):
    """A face's whole tensor with mean 0 and variance 1, then one gain and one offset for all of it.

    What its origin calls instance norm, with no axis apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W), as it came."""
        return functional.group_norm(widened(features), 1) * self.gain + self.offset
