"""Pictures blurred along a line, as a moving face is while the shutter is open."""

import math
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform

WHOLE = 16  # pictures are padded to multiples of this: transforms of other lengths take up to five times as long


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=0.5)
    """Longest line as a share of the side; 0.1 is a quick turn of the head at 1/50 s."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class MotionBlur(Drawn):
    """Lines across the pictures `faces_K`: lengths (shares of the side, at most `longest`) and unit directions."""

    faces_K: Tensor
    length_K: Tensor
    direction_K2: Tensor
    longest: float


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> MotionBlur:
    """Lengths up to `strength` of the side, in any direction; uniform."""
    drawn = uniform(generator, number=number, count=3)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    angle = math.pi * drawn[faces, 2]
    return MotionBlur(faces, drawn[faces, 1] * strength, torch.stack([angle.cos(), angle.sin()], -1), strength)


def apply(parameters: MotionBlur, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1; beyond the border the border is repeated."""

    def changed(pictures: Tensor) -> Tensor:
        height, width = pictures.shape[-2:]
        margin = math.ceil(parameters.longest * width / 2) + 1
        right, bottom = (margin + -(length + 2 * margin) % WHOLE for length in (width, height))
        padded = functional.pad(pictures, (margin, right, margin, bottom), mode="replicate")
        lines = _lines(parameters, width, padded.shape[-2:])
        both = torch.fft.rfft2(padded) * torch.fft.rfft2(lines)[:, None]
        spread = torch.fft.irfft2(both, s=padded.shape[-2:])
        return spread[..., margin : margin + height, margin : margin + width].clamp(0, 1)

    return change(pictures_B3HW, parameters.faces_K, changed)


def _lines(parameters: MotionBlur, side_px: int, shape: torch.Size) -> Tensor:
    """One soft-edged line a picture, of sum 1, around the corner that a Fourier transform begins with: (K, H, W)."""
    y, x = (torch.fft.fftfreq(length, 1 / length, device=parameters.length_K.device) for length in shape)
    cosine, sine = parameters.direction_K2[:, :, None, None].unbind(1)
    along, across = x * cosine + y[:, None] * sine, y[:, None] * cosine - x * sine
    half = parameters.length_K[:, None, None] * side_px / 2
    lines = (half + 0.5 - along.abs()).clamp(0, 1) * (1 - across.abs()).clamp_min(0)
    return lines / lines.sum((1, 2), keepdim=True)
