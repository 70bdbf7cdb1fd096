"""Contrast-limited adaptive histogram equalisation of the lightness (Zuiderveld 1994), as OpenCV computes it.

Faces of one batch may have different tiles: histograms are counted, clipped and read for all of them at once.
"""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform
from understudy.colorspaces import lab_from_rgb, rgb_from_lab

LEVELS = 256
FINEST = 4  # steps from the coarsest tiles to the finest


class Settings(params.Settings):
    """How strong, and how often."""

    clip: float = Field(ge=0, le=40)
    """How many times its share a lightness may count; 2 is usual, more is harsher, 0 changes nothing."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Clahe(Drawn):
    """How many steps finer than the coarsest the tiles of the pictures `faces_K` are (0–4)."""

    faces_K: Tensor
    finer_K: Tensor
    clip: float


def sample(generator: torch.Generator, *, number: int, clip: float, share: float) -> Clahe:
    """Tiles of 2 × 2 to 6 × 6 up to 383 px a side, and more in larger pictures; uniform."""
    drawn = uniform(generator, number=number, count=2)
    faces = chosen(drawn[:, 0], share=share, strength=clip)
    return Clahe(faces, (drawn[faces, 1] * (FINEST + 1)).long(), clip)


def apply(parameters: Clahe, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""

    def changed(pictures: Tensor) -> Tensor:
        lab = lab_from_rgb(pictures)
        coarsest = max(2, pictures.shape[-1] // 128)
        grids = [coarsest + finer * (coarsest // 2) for finer in range(FINEST + 1)]
        tiles = torch.tensor(grids, device=pictures.device)[parameters.finer_K]
        lab[:, 0] = equalised(lab[:, 0] * 2.55, tiles, grids=grids, clip=parameters.clip) / 2.55
        return rgb_from_lab(lab)

    return change(pictures_B3HW, parameters.faces_K, changed)


def equalised(lightness_BSS: Tensor, tiles_B: Tensor, *, grids: list[int], clip: float) -> Tensor:
    """Lightness 0–255 equalised over `tiles_B` tiles a side, each one of `grids`; fractions of a level are kept."""
    side, most = lightness_BSS.shape[-1], max(grids)
    level = lightness_BSS.round().long().clamp(0, LEVELS - 1)
    tile_px = -(-side // tiles_B)
    filled = max(grid * -(-side // grid) for grid in grids)
    curves = _curves(_histograms(level, tiles_B, tile_px, filled=filled, most=most), tile_px, clip)
    near, far, share = _neighbours(side, tiles_B, tile_px)

    def read(rows: Tensor, columns: Tensor) -> Tensor:
        tile = rows[:, :, None] * most + columns[:, None]
        return curves.flatten(1).gather(1, (tile * LEVELS + level).flatten(1)).view_as(lightness_BSS)

    upper = torch.lerp(read(near, near), read(near, far), share[:, None])
    lower = torch.lerp(read(far, near), read(far, far), share[:, None])
    return torch.lerp(upper, lower, share[:, :, None]) + (lightness_BSS - level)


def _histograms(level_BSS: Tensor, tiles_B: Tensor, tile_px_B: Tensor, *, filled: int, most: int) -> Tensor:
    """Pixels of every level in every tile: (B, most, most, 256). The picture is mirrored to fill its last tiles."""
    side = level_BSS.shape[-1]
    places = torch.arange(filled, device=level_BSS.device)
    mirrored = side - 1 - (side - 1 - places).abs()
    tile = places // tile_px_B[:, None]
    inside = tile < tiles_B[:, None]
    face = torch.arange(len(tiles_B), device=level_BSS.device)[:, None, None]
    slot = ((face * most + tile[:, :, None]) * most + tile[:, None]) * LEVELS + level_BSS[:, mirrored][:, :, mirrored]
    nowhere = len(tiles_B) * most * most * LEVELS
    slot = torch.where(inside[:, :, None] & inside[:, None], slot, nowhere)
    return torch.bincount(slot.flatten(), minlength=nowhere + 1)[:-1].view(-1, most, most, LEVELS)


def _curves(histograms_BTTL: Tensor, tile_px_B: Tensor, clip: float) -> Tensor:
    """What every level becomes in every tile: (B, most, most, 256). What is clipped is spread over all levels."""
    area = (tile_px_B * tile_px_B)[:, None, None, None]
    limit = (clip * area / LEVELS).floor().clamp_min(1)
    counts = histograms_BTTL.float()  # exact, and in floats division is quick
    clipped = counts.minimum(limit)
    excess = (counts - clipped).sum(-1, keepdim=True)
    everywhere = (excess / LEVELS).floor()
    left = excess - everywhere * LEVELS
    step = (LEVELS / left.clamp_min(1)).floor()
    bins = torch.arange(LEVELS, device=left.device)
    place = (bins / step).floor()
    clipped += everywhere + ((place * step == bins) & (place < left))
    summed = clipped.int().cumsum(-1, dtype=torch.int32)  # of floats, a GPU's sums differ from run to run
    return (summed * ((LEVELS - 1) / area)).round().clamp(0, LEVELS - 1)


def _neighbours(side: int, tiles_B: Tensor, tile_px_B: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For every pixel of a line the tiles before and after it and how near it is to the latter: (B, side) each."""
    places = torch.arange(side, device=tiles_B.device) / tile_px_B[:, None] - 0.5
    before = places.floor()
    near, last = before.long(), tiles_B[:, None] - 1
    return near.clamp_min(0), (near + 1).minimum(last), places - before
