"""A shift of lightness and tint in CIELAB, as faceswap makes it."""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, symmetric, uniform
from understudy.colorspaces import lab_from_rgb, rgb_from_lab


class Settings(params.Settings):
    """How strong, and how often."""

    lightness: float = Field(ge=0, le=1)
    """Lightness goes up to this share of its way to white or black; 0.3 is strong, 0.1 a cloudy day."""
    tint: float = Field(ge=0, le=1)
    """a and b shift within 100 times this; 0.08 is a warm lamp against a blue sky."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Lab(Drawn):
    """Lightness goes `light_K11` of its way to white (or to black, where it is negative); `tint_K211` is added."""

    faces_K: Tensor
    light_K11: Tensor
    tint_K211: Tensor


def sample(generator: torch.Generator, *, number: int, lightness: float, tint: float, share: float) -> Lab:
    """Lightness within ±`lightness` of its way, a and b within ±100 · `tint`; all uniform."""
    drawn = uniform(generator, number=number, count=4)
    faces = chosen(drawn[:, 0], share=share, strength=max(lightness, tint))
    shifts = symmetric(drawn[faces, 1:, None, None])
    return Lab(faces, lightness * shifts[:, 0], 100 * tint * shifts[:, 1:])


def apply(parameters: Lab, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""

    def changed(pictures: Tensor) -> Tensor:
        lab = lab_from_rgb(pictures)
        way = torch.where(parameters.light_K11 > 0, 100 - lab[:, 0], lab[:, 0])
        lab[:, 0] += parameters.light_K11 * way
        lab[:, 1:] += parameters.tint_K211
        return rgb_from_lab(lab)

    return change(pictures_B3HW, parameters.faces_K, changed)
