"""Pictures sharpened as cameras and video players do it: what a small blur takes away is added."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform
from understudy.filters import blurred

SIGMA = 1 / 64  # of the blur, as a share of the side


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=4)
    """How many times the lost detail is added at most; 1 is crisp, 2 has halos."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Sharpen(Drawn):
    """How many times detail is added to the pictures `faces_K`."""

    faces_K: Tensor
    amount_K111: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> Sharpen:
    """Amounts up to `strength`, uniform."""
    drawn = uniform(generator, number=number, count=2)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    return Sharpen(faces, drawn[faces, 1, None, None, None] * strength)


def apply(parameters: Sharpen, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""

    def changed(pictures: Tensor) -> Tensor:
        soft = blurred(pictures, torch.full((len(pictures),), SIGMA).to(pictures))
        return (pictures + parameters.amount_K111 * (pictures - soft)).clamp(0, 1)

    return change(pictures_B3HW, parameters.faces_K, changed)
