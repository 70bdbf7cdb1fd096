"""A change of exposure, white balance and black level."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=0.5)
    """Standard deviation of the exposure, as a share of it; 0.05 to 0.15 stays within what cameras do by themselves."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Color(Drawn):
    """Pictures become gain_B311 · picture + offset_B111."""

    gain_B311: Tensor
    offset_B111: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> Color:
    """Gains with a standard deviation of `strength` (white balance 0.4 of it), offsets of a quarter of it."""
    balance = torch.randn(number, 3, 1, 1, generator=generator) * 0.4
    exposure = torch.randn(number, 1, 1, 1, generator=generator)
    offset = torch.randn(number, 1, 1, 1, generator=generator) * 0.25
    strength_B111 = strength * (torch.rand(number, 1, 1, 1, generator=generator) < share)
    return Color(1 + strength_B111 * (balance + exposure), strength_B111 * offset)


def apply(parameters: Color, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""
    return (pictures_B3HW * parameters.gain_B311).add_(parameters.offset_B111).clamp_(0, 1)
