"""JPEG's artefacts: 8 × 8 cosine transforms quantised with the standard's tables (ITU-T T.81, annex K)."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform
from understudy.colorspaces import rgb_from_ycc, ycc_from_rgb

Subsampling = Literal["4:2:0", "4:4:4"]

BLOCK = 8
LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=1)
    """How far the quality falls from 100 at most; 0.9 goes down to quality 10, 0.5 to what footage usually has."""
    subsampling: Subsampling
    """Whether colours have half the resolution (4:2:0, as nearly everywhere) or all of it."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Jpeg(Drawn):
    """Qualities (whole numbers, 1–100) of the pictures `faces_K`."""

    faces_K: Tensor
    quality_K: Tensor
    halved: bool


def sample(generator: torch.Generator, *, number: int, strength: float, subsampling: Subsampling, share: float) -> Jpeg:
    """Qualities from 100 · (1 − `strength`) to 100, uniform."""
    drawn = uniform(generator, number=number, count=2)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    quality = (100 - 100 * strength * drawn[faces, 1]).round().clamp_min(1)
    return Jpeg(faces, quality, subsampling == "4:2:0")


def apply(parameters: Jpeg, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1, in whole steps of 1/255 as a decoder gives them."""
    return change(pictures_B3HW, parameters.faces_K, lambda pictures: _decoded(parameters, pictures))


def _decoded(parameters: Jpeg, pictures: Tensor) -> Tensor:
    height, width = pictures.shape[-2:]
    whole = BLOCK * 2 if parameters.halved else BLOCK
    padded = functional.pad(pictures, (0, -width % whole, 0, -height % whole), mode="replicate")
    planes = (ycc_from_rgb(padded) * 255).round()
    luma, chroma = planes[:, :1] - 128, planes[:, 1:]
    luma = _quantised(luma, _table(LUMA, parameters.quality_K)) + 128
    table = _table(CHROMA, parameters.quality_K)
    if parameters.halved:
        chroma = _quantised(functional.avg_pool2d(chroma, 2).round(), table)
        chroma = functional.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    else:
        chroma = _quantised(chroma, table)
    decoded = rgb_from_ycc(torch.cat([luma, chroma.round()], 1))[..., :height, :width]
    return decoded.round().clamp(0, 255) / 255


def _quantised(planes_KCHW: Tensor, table_K64: Tensor) -> Tensor:
    """What is left of whole-numbered planes around 0 after their blocks' coefficients were rounded to the table."""
    faces, channels, height, width = planes_KCHW.shape
    grid = (faces, channels, height // BLOCK, width // BLOCK, BLOCK, BLOCK)
    blocks = planes_KCHW.view(faces, channels, grid[2], BLOCK, grid[3], BLOCK).transpose(3, 4).reshape(faces, -1, 64)
    basis = _basis().to(planes_KCHW)
    table = table_K64[:, None]
    left = ((blocks @ basis.T / table).round() * table @ basis).round().clamp(-128, 127)
    return left.view(grid).transpose(3, 4).reshape(planes_KCHW.shape)


def _table(standard: tuple[int, ...], quality_K: Tensor) -> Tensor:
    """The standard's table scaled to every quality as libjpeg scales it: (K, 64)."""
    percent = torch.where(quality_K < 50, (5000 / quality_K).floor(), 200 - 2 * quality_K)[:, None]
    return ((quality_K.new_tensor(standard) * percent + 50) / 100).floor().clamp(1, 255)


@lru_cache(maxsize=1)
def _basis() -> Tensor:
    """The 64 cosines of a block, one a row: (64, 64), orthonormal."""
    place = torch.arange(BLOCK, dtype=torch.float64)
    rows = torch.cos(math.pi / BLOCK * (place + 0.5) * place[:, None]) * math.sqrt(2 / BLOCK)
    rows[0] /= math.sqrt(2)
    return torch.kron(rows, rows)
