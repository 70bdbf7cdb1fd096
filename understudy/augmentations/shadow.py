"""A soft-edged shadow: of a straight edge, or of something round."""

import math
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, symmetric, uniform
from understudy.sampling import grid_positions


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=1)
    """How much light the deepest shadow takes; 0.5 leaves half the coded value."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Shadow(Drawn):
    """Shadows on the pictures `faces_K`, in normalised coordinates; every number is a (K, 1, 1).

    A straight edge runs through the centre, across the direction (cosine, sine); a round shadow has radii along and
    across it. `edge` is the edge's width, `darkness` the share of light that is taken.
    """

    faces_K: Tensor
    is_round: Tensor
    center_x: Tensor
    center_y: Tensor
    cosine: Tensor
    sine: Tensor
    along: Tensor
    across: Tensor
    edge: Tensor
    darkness: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> Shadow:
    """Half of the shadows straight, half round; up to `strength` dark; places, directions and edges uniform."""
    drawn = uniform(generator, number=number, count=9)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    kind, x, y, turn, along, across, edge, dark = drawn[faces, 1:, None, None].unbind(1)
    angle = 2 * math.pi * turn
    return Shadow(
        faces,
        kind < 0.5,
        0.7 * symmetric(x),
        0.7 * symmetric(y),
        angle.cos(),
        angle.sin(),
        0.2 + 0.6 * along,
        0.2 + 0.6 * across,
        0.05 + 0.45 * edge,
        strength * dark,
    )


def apply(parameters: Shadow, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""

    def changed(pictures: Tensor) -> Tensor:
        return pictures * (1 - parameters.darkness * _depth(parameters, pictures.shape[-1]))[:, None]

    return change(pictures_B3HW, parameters.faces_K, changed)


def _depth(parameters: Shadow, side_px: int) -> Tensor:
    """0 in the light, 1 in the shadow: (K, S, S)."""
    x, y = grid_positions(side_px).to(parameters.edge).unbind(-1)
    x, y = x - parameters.center_x, y - parameters.center_y
    along, across = x * parameters.cosine + y * parameters.sine, y * parameters.cosine - x * parameters.sine
    reach = torch.hypot(along / parameters.along, across / parameters.across) - 1
    outside = torch.where(parameters.is_round, reach * torch.minimum(parameters.along, parameters.across), along)
    ramp = (0.5 - outside / parameters.edge).clamp(0, 1)
    return ramp * ramp * (3 - 2 * ramp)
