"""Landmarks as pictures: soft lines of brows, eyes, nose, lips and jaw, the irises, and the mouth's opening.

Points are in normalised coordinates of the patch (borders at −1 and 1); 70 of them: 68 landmarks and two irises.
"""

import torch
from torch import Tensor

LINE_WIDTH = 0.022  # standard deviation of a line, in half sides of the patch
JAW_WIDTH = 0.044  # the jaw is found less surely
IRIS_WIDTH = 0.05
CHANNELS = 10

_LINES: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((17, 18, 19, 20, 21), (22, 23, 24, 25, 26)),
    ((36, 37, 38, 39, 40, 41, 36), (42, 43, 44, 45, 46, 47, 42)),
    ((27, 28, 29, 30), (31, 32, 33, 34, 35)),
    ((48, 49, 50, 51, 52, 53, 54), (48, 60, 61, 62, 63, 64, 54)),
    ((48, 60, 67, 66, 65, 64, 54), (48, 59, 58, 57, 56, 55, 54)),
    (tuple(range(17)),),
)
_WIDTHS = (LINE_WIDTH,) * 5 + (JAW_WIDTH,)


def draw_maps(points_B702: Tensor, mouth_B: Tensor, eyes_B: Tensor, *, resolution_px: int) -> Tensor:
    """The (B, 10, S, S) maps of faces whose mouths and eyes are open so far (see Reading; eyes relative, 1 is open)."""
    centres = ((torch.arange(resolution_px) + 0.5) / resolution_px * 2 - 1).to(points_B702)
    lines = [
        torch.exp(-_nearest(points_B702, group, centres) / (2 * width**2))
        for group, width in zip(_LINES, _WIDTHS, strict=True)
    ]
    iris = torch.exp(-_squared(points_B702[:, 68:70], centres).amin(1) / (2 * IRIS_WIDTH**2))
    gap = _gap(points_B702, mouth_B, centres)
    planes = torch.stack([mouth_B * 6, eyes_B], 1)[:, :, None, None].expand(-1, -1, resolution_px, resolution_px)
    return torch.cat([torch.stack([*lines, iris, gap], 1), planes], 1)


def _gap(points: Tensor, mouth_B: Tensor, centres: Tensor) -> Tensor:
    """A soft ellipse between the lips, as high as the mouth is open."""
    middle = (points[:, 62] + points[:, 66]) / 2
    half_height = mouth_B[:, None, None] * 0.45 + 0.03
    across = (centres[None, None, :] - middle[:, 0, None, None]) / 0.12
    down = (centres[None, :, None] - middle[:, 1, None, None]) / half_height
    return torch.exp(-(across**2 + down**2)) * mouth_B[:, None, None] * 6


def _nearest(points: Tensor, group: tuple[tuple[int, ...], ...], centres: Tensor) -> Tensor:
    """Squared distance of every pixel to the nearest segment of the lines of a group: (B, S, S)."""
    begins = [index for line in group for index in line[:-1]]
    ends = [index for line in group for index in line[1:]]
    start, along = points[:, begins], points[:, ends] - points[:, begins]
    x = centres[None, None, None, :] - start[..., 0, None, None]
    y = centres[None, None, :, None] - start[..., 1, None, None]
    run, rise = along[..., 0, None, None], along[..., 1, None, None]
    length = (along * along).sum(-1).clamp_min(1e-6)[..., None, None]
    share = ((x * run + y * rise) / length).clamp(0, 1)
    return ((x - share * run) ** 2 + (y - share * rise) ** 2).amin(1)


def _squared(points: Tensor, centres: Tensor) -> Tensor:
    x = centres[None, None, None, :] - points[..., 0, None, None]
    y = centres[None, None, :, None] - points[..., 1, None, None]
    return x**2 + y**2
