"""A shift of hue, saturation and value, as DeepFaceLab makes it."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, symmetric, uniform
from understudy.colorspaces import hsv_from_rgb, rgb_from_hsv


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=1)
    """Hues turn within 180° times this, saturation and value shift within half of this; 0.05 to 0.3."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Hsv(Drawn):
    """What is added to hue (in turns), saturation and value of the pictures `faces_K`."""

    faces_K: Tensor
    shift_K311: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> Hsv:
    """Hue within ±180° · `strength`, saturation and value within ±`strength` / 2; all uniform."""
    drawn = uniform(generator, number=number, count=4)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    return Hsv(faces, symmetric(drawn[faces, 1:, None, None]) * strength / 2)


def apply(parameters: Hsv, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""

    def changed(pictures: Tensor) -> Tensor:
        shifted = hsv_from_rgb(pictures) + parameters.shift_K311
        shifted[:, 1:].clamp_(0, 1)
        return rgb_from_hsv(shifted)

    return change(pictures_B3HW, parameters.faces_K, changed)
