"""A small turn, zoom and shift."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.chance import Drawn


@dataclass(frozen=True)
class Affine(Drawn):
    """position read from = matrix_B22 · position + shift_B2, in normalised coordinates."""

    matrix_B22: Tensor
    shift_B2: Tensor


def sample(generator: torch.Generator, *, number: int, rotation_deg: float, zoom: float, shift: float) -> Affine:
    """Turns within ±`rotation_deg`, scales within 1 ± `zoom`, shifts within ±`shift` of a side; all uniform."""
    angle = math.radians(rotation_deg) * _symmetric(generator, number)
    scale = 1 + zoom * _symmetric(generator, number)
    cosine, sine = torch.cos(angle) * scale, torch.sin(angle) * scale
    matrix = torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], 1)
    return Affine(matrix, 2 * shift * _symmetric(generator, number, 2))


def apply(parameters: Affine, positions_BHW2: Tensor) -> Tensor:
    """Where a pixel at each position reads from."""
    from_x, from_y = parameters.matrix_B22[:, None, None].unbind(-1)  # as a product of matrices it takes twice as long
    x, y = positions_BHW2[..., :1], positions_BHW2[..., 1:]
    return (x * from_x).add_(y * from_y).add_(parameters.shift_B2[:, None, None])


def apply_to_points(parameters: Affine, points_BN2: Tensor) -> Tensor:
    """Where points of the picture that is read come to lie in the result."""
    return (points_BN2 - parameters.shift_B2[:, None]) @ torch.inverse(parameters.matrix_B22).transpose(1, 2)


def _symmetric(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator) * 2 - 1
