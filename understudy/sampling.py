"""Reading pictures at positions; normalised coordinates (x, y) have the picture's borders at −1 and 1."""

import torch
from torch import Tensor
from torch.nn import functional


def grid_positions(resolution_px: int) -> Tensor:
    """The centres of a square picture's pixels: (1, S, S, 2), x before y."""
    centres = (torch.arange(resolution_px) + 0.5) / resolution_px * 2 - 1
    rows, columns = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([columns, rows], -1)[None]


def read_at(pictures_BCHW: Tensor, positions_BHW2: Tensor) -> Tensor:
    """Pictures at `positions`, bilinear; beyond the border the border is repeated."""
    positions = positions_BHW2.expand(len(pictures_BCHW), -1, -1, -1)
    return functional.grid_sample(pictures_BCHW, positions, mode="bilinear", padding_mode="border", align_corners=False)


def normalised_from_px(points: Tensor, resolution_px: int) -> Tensor:
    """Points in pixels (centres at integers) of a square picture in normalised coordinates."""
    return (points + 0.5) / resolution_px * 2 - 1


def px_from_normalised(points: Tensor, resolution_px: int) -> Tensor:
    """Points in normalised coordinates in pixels (centres at integers) of a square picture."""
    return (points + 1) / 2 * resolution_px - 0.5
