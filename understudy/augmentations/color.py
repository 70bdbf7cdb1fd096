"""A change of exposure, white balance and black level."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Color:
    """Pictures become gain_B311 · picture + offset_B111."""

    gain_B311: Tensor
    offset_B111: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float) -> Color:
    """Gains with a standard deviation of `strength` (white balance 0.4 of it), offsets of a quarter of it."""
    balance = torch.randn(number, 3, 1, 1, generator=generator) * 0.4
    exposure = torch.randn(number, 1, 1, 1, generator=generator)
    offset = torch.randn(number, 1, 1, 1, generator=generator) * 0.25
    return Color(1 + strength * (balance + exposure), strength * offset)


def apply(parameters: Color, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""
    return (pictures_B3HW * parameters.gain_B311 + parameters.offset_B111).clamp(0, 1)
