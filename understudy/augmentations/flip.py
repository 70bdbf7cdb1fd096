"""Mirroring left and right, with the landmarks renumbered."""

from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.chance import Drawn

_PAIRS = (
    *((index, 16 - index) for index in range(8)),
    *((17 + index, 26 - index) for index in range(5)),
    *((31, 35), (32, 34)),
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)),
)


def _mirror() -> list[int]:
    order = list(range(68))
    for left, right in _PAIRS:
        order[left], order[right] = right, left
    return order


MIRRORED = tuple(_mirror())
"""The landmark that takes each landmark's place in a mirrored face."""


@dataclass(frozen=True)
class Flip(Drawn):
    """sign_B is −1 where a picture is mirrored, else 1."""

    sign_B: Tensor


def sample(generator: torch.Generator, *, number: int, share: float) -> Flip:
    """A mirror image in `share` of the pictures."""
    return Flip(torch.where(torch.rand(number, generator=generator) < share, -1.0, 1.0))


def apply(parameters: Flip, positions_BHW2: Tensor) -> Tensor:
    """Where a pixel at each position reads from."""
    factors = torch.stack([parameters.sign_B, torch.ones_like(parameters.sign_B)], -1)
    return positions_BHW2 * factors[:, None, None]


def apply_to_points(parameters: Flip, points_BN2: Tensor) -> Tensor:
    """Where 68 landmarks come to lie in the result, renumbered in mirrored faces."""
    mirrored = (points_BN2 * points_BN2.new_tensor([-1.0, 1.0]))[:, list(MIRRORED)]
    return torch.where(parameters.sign_B[:, None, None] < 0, mirrored, points_BN2)
