"""DeepFaceLab's "true face": a critic of codes, which learns whose face a code was made from.

The painter tries to make codes of the source that pass for the target's, so that the decoders find in swaps what they
were taught. For networks with a decoder for each person alone: where decoders are shared, codes must tell people
apart. Strided convolutions, the more the larger the code: of 256 channels, 2,229,505 parameters for 8 × 8, 6,949,633
for 16 × 16, 63,577,857 for 32 × 32.
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import glorot_uniform
from understudy.blocks.upscaling import Leaky
from understudy.judging import CriticSettings, FaceCritic, Seen, code_shape
from understudy.networks import FaceNetwork

SLOPE = 0.1
DOUBLINGS = 3  # of filters, at most


class Settings(CriticSettings):
    """A critic that learns whose face a code was made from."""

    weight: float = Field(default=0.01, ge=0, le=1)
    """What it counts beside the painter's other losses. More likeness of the source; too much loses expressions."""
    base_dims: int = Field(default=256, ge=4, le=512)
    """Filters of the first convolution, doubled up to eightfold."""


class Critic(FaceCritic):
    """A critic that learns whose face a code was made from; the target's is what it calls true."""

    def __init__(self, settings: Settings, *, network: FaceNetwork) -> None:
        super().__init__()
        self.settings = settings
        channels, side, _ = code_shape(network)
        self.judge = judge(channels, side, settings.base_dims)

    def painter_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """The source's codes called the target's, times the weight."""
        del generator
        return self.settings.weight * self._called(seen["source"], 1)

    def critic_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """The target's codes called the target's, the source's not."""
        del generator
        return 0.5 * (self._called(seen["target"], 1) + self._called(seen["source"], 0))

    def _called(self, seen: Seen, truth: int) -> Tensor:
        assert seen.code is not None
        logits = self.judge(seen.code)
        return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))


def judge(channels: int, side: int, base_dims: int) -> nn.Sequential:
    """Codes (B, channels, side, side) to logits (B, 1, h, w)."""
    widths = [channels, *(base_dims << min(power, DOUBLINGS) for power in range(1 + side // 8))]
    layers: list[nn.Module] = []
    for index, pair in enumerate(pairwise(widths)):
        kernel = 3 if index else 4
        halve = Convolution(*pair, kernel, stride=2, start=glorot_uniform, padding="symmetric")
        layers += [halve, Leaky(SLOPE)]
    return nn.Sequential(*layers, Convolution(widths[-1], 1, 1, start=glorot_uniform))
