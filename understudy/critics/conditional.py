"""faceswap-GAN's critic: it sees a picture beside what the painter was given, and has self-attention.

Of what a network lays over its input by a mask, it judges the picture before and after. One for each person: 747,845
parameters at 64 pixels, 1,878,664 at 128, 3,009,483 at 256. Its origin learns at twice the painter's rate.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.attention import SelfAttention, WholeNorm
from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import he_normal
from understudy.blocks.upscaling import Leaky
from understudy.judging import CriticSettings, FaceCritic, Seen
from understudy.networks import FaceNetwork

SLOPE = 0.2
KERNEL = 4
MIXED = 0.2  # both parameters of the Beta distribution that shares are drawn from: mostly near 0 or 1
JUDGED_PX = 8  # side of the map of judgements at most


class Settings(CriticSettings):
    """A critic that sees a picture beside the painter's input."""

    weight: float = Field(default=0.1, ge=0, le=5)
    """What it counts beside the painter's other losses."""
    judges: Literal["mixtures", "differences"] = "mixtures"
    """What it learns: the real share in mixtures of real and painted pictures (mixup, least squares), or how much more
    real than the mean painted picture a real one is (relativistic average, least squares)."""
    base_dims: int = Field(default=64, ge=8, le=256)
    """Filters of the first convolution, doubled twice."""


class Critic(FaceCritic):
    """A critic that sees a picture beside the painter's input, a network for each person."""

    def __init__(self, settings: Settings, *, network: FaceNetwork) -> None:
        super().__init__()
        self.settings = settings
        side = network.outputs_px[-1]
        self.judges = nn.ModuleDict({person: judge(side, settings.base_dims) for person in network.people})

    def painter_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """What was painted called real, of both sides, times the weight."""
        del generator
        terms = [self._passes(side, each, made) for side, each in seen.items() for made in _painted(each)]
        return self.settings.weight * torch.stack(terms).sum()

    def critic_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """Real and painted pictures told apart, of both sides."""
        terms = []
        for side, each in seen.items():
            share = _shares(each.real, generator=generator)
            terms += [self._tells(side, each, made, share) for made in _painted(each)]
        return torch.stack(terms).sum()

    def _passes(self, side: str, seen: Seen, painted: Tensor) -> Tensor:
        made = self._judged(side, painted, seen)
        if self.settings.judges == "mixtures":
            return (made - 1).square().mean()
        return _apart(made, self._judged(side, seen.real, seen))

    def _tells(self, side: str, seen: Seen, painted: Tensor, share_B111: Tensor) -> Tensor:
        if self.settings.judges == "mixtures":
            mixed = share_B111 * seen.real + (1 - share_B111) * painted
            return (self._judged(side, mixed, seen) - share_B111).square().mean()
        return _apart(self._judged(side, seen.real, seen), self._judged(side, painted, seen))

    def _judged(self, side: str, pictures: Tensor, seen: Seen) -> Tensor:
        given = seen.inputs
        if given.shape[-2:] != pictures.shape[-2:]:
            given = functional.interpolate(given, pictures.shape[-2:], mode="bilinear", antialias=True)
        return torch.as_tensor(self.judges[side](torch.cat([pictures, given], 1) * 2 - 1))


def judge(side_px: int, base_dims: int) -> nn.Sequential:
    """Pairs of pictures (B, 6, P, P), −1 to 1, to judgements (B, 1, h, w); 1 is real."""
    widths = [6, base_dims, 2 * base_dims, 4 * base_dims]
    while side_px >> (len(widths) - 1) > JUDGED_PX:
        widths.append(widths[-1])
    layers: list[nn.Module] = []
    for index, pair in enumerate(pairwise(widths)):
        layers += [Convolution(*pair, KERNEL, stride=2, bias=False, start=he_normal), Leaky(SLOPE)]
        layers += [WholeNorm()] if index else []
        layers += [SelfAttention(pair[1])] if index > 1 else []
    return nn.Sequential(*layers, Convolution(widths[-1], 1, KERNEL, bias=False, start=he_normal))


def _painted(seen: Seen) -> list[Tensor]:
    return [seen.painted] if seen.unmasked is None else [seen.painted, seen.unmasked]


def _apart(higher: Tensor, lower: Tensor) -> Tensor:
    """How far `higher` is from lying 1 above the batch's mean `lower`, and `lower` from 1 below the other's."""
    above = (higher - lower.mean(0, keepdim=True) - 1).square()
    below = (lower - higher.mean(0, keepdim=True) + 1).square()
    return (above / 2 + below / 2).mean()


def _shares(faces: Tensor, *, generator: torch.Generator) -> Tensor:
    """A share for every face, drawn: (B, 1, 1, 1), 0–1."""
    seed = int(torch.randint(2**62, (), generator=generator))  # torch draws no Beta from a generator of one's own
    drawn = np.random.Generator(np.random.PCG64(seed)).beta(MIXED, MIXED, len(faces))
    return torch.from_numpy(drawn).to(faces).view(-1, 1, 1, 1)
