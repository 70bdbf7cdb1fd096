"""Pictures made small and large again: the softness of a face that was far away."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform
from understudy.filters import filtered


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=0.95)
    """How much of the side is taken away at most; 0.75 goes down to a quarter of the pixels a side."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Resample(Drawn):
    """Sides of the small pictures as shares of the sides of the pictures `faces_K`."""

    faces_K: Tensor
    scale_K: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> Resample:
    """Scales from 1 − `strength` to 1, uniform."""
    drawn = uniform(generator, number=number, count=2)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    return Resample(faces, 1 - drawn[faces, 1] * strength)


def apply(parameters: Resample, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1: down by areas, up bilinearly, with nothing shifted."""
    height, width = pictures_B3HW.shape[-2:]
    rows, columns = (_down_and_up(parameters.scale_K, length) for length in (height, width))
    return change(pictures_B3HW, parameters.faces_K, lambda pictures: filtered(pictures, rows, columns).clamp(0, 1))


def _down_and_up(scale_K: Tensor, length: int) -> Tensor:
    """What a line of `length` pixels becomes: (K, length, length); small pixels that are not there weigh nothing."""
    small = (scale_K * length).round().clamp_min(1)[:, None, None]
    places = torch.arange(length, device=scale_K.device, dtype=scale_K.dtype)
    step = length / small
    left = places[:, None] * step
    inside = (torch.minimum(places + 1, left + step) - torch.maximum(places, left)).clamp_min(0) / step
    read_at = ((places[:, None] + 0.5) / step - 0.5).clamp_min(0).minimum(small - 1)
    return (1 - (read_at - places).abs()).clamp_min(0) @ inside
