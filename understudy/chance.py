"""Random parameters of a batch: drawn on the CPU, one row a face, and moved to the device in one way.

A row depends on the generator and on its own place alone: a larger batch begins with the rows of a smaller one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Drawn:
    """What an augmentation has drawn for a batch: the base of its parameters, which are tensors and plain values."""

    def to(self, device: torch.device) -> Self:
        """The same parameters with their tensors on `device`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: value.to(device) for name, value in values.items() if isinstance(value, Tensor)})


def uniform(generator: torch.Generator, *, number: int, count: int) -> Tensor:
    """`count` numbers in 0–1 for each of `number` faces: (number, count)."""
    return torch.rand(number, count, generator=generator)


def symmetric(uniform: Tensor) -> Tensor:
    """Uniform numbers in 0–1 as uniform numbers in −1–1."""
    return uniform * 2 - 1


def normal(uniform: Tensor, *, cut_at: float = math.inf) -> Tensor:
    """Uniform numbers in 0–1 as normal ones of deviation 1, none beyond ±`cut_at`."""
    inside = math.erf(cut_at / math.sqrt(2))
    return math.sqrt(2) * torch.erfinv((symmetric(uniform) + 2**-24) * inside)


def chosen(uniform_B: Tensor, *, share: float, strength: float) -> Tensor:
    """Which faces are changed, `share` of them: indices (K,), none at all where the strength is 0."""
    return torch.nonzero(uniform_B < (share if strength > 0 else 0.0))[:, 0]


def change(pictures_BCHW: Tensor, faces_K: Tensor, changed: Callable[[Tensor], Tensor]) -> Tensor:
    """The pictures with those of `faces_K` (ascending) put through `changed`; the others stay to the last bit."""
    if len(faces_K) == 0:
        return pictures_BCHW
    if len(faces_K) == len(pictures_BCHW):
        return changed(pictures_BCHW)
    return pictures_BCHW.index_copy(0, faces_K, changed(pictures_BCHW[faces_K]))
