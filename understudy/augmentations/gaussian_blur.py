"""Pictures out of focus: a Gaussian blur."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform
from understudy.filters import blurred


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=0.25)
    """Largest deviation as a share of the side; 0.02 is 1.3 px of 64 and a face that is clearly out of focus."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class GaussianBlur(Drawn):
    """Deviations `sigma_K` (shares of the side) of the pictures `faces_K`."""

    faces_K: Tensor
    sigma_K: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> GaussianBlur:
    """Deviations up to `strength` of the side, uniform."""
    drawn = uniform(generator, number=number, count=2)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    return GaussianBlur(faces, drawn[faces, 1] * strength)


def apply(parameters: GaussianBlur, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""
    return change(pictures_B3HW, parameters.faces_K, lambda pictures: blurred(pictures, parameters.sigma_K).clamp(0, 1))
