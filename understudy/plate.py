"""Regularised thin-plate splines for batches, in torch: from every place of one face to the same place of another."""

import torch
from torch import Tensor
from torch.nn import functional

CONTROLS = (*range(17, 68), *range(1, 16, 2))  # landmarks that hold the plate; every other one of the jaw
STIFFNESS = 2e-3
JAW_FACTOR = 10.0  # the jaw is found less surely and holds less firmly
BORDER_FACTOR = 5.0
GRID_PX = 48  # the plate is computed this coarsely and interpolated
_BORDER = torch.tensor([[-1, -1], [0, -1], [1, -1], [-1, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]) * 1.15


def plate_positions(origin_BN2: Tensor, destination_BN2: Tensor, *, resolution_px: int) -> Tensor:
    """Where every pixel of the origin's patch lies in the destination's: (B, S, S, 2), normalised coordinates.

    Both hold at least 68 landmarks (normalised, borders at −1 and 1); a batch of one is used for all.
    """
    field = coarse_plate(origin_BN2, destination_BN2)
    if resolution_px != GRID_PX:
        field = functional.interpolate(field, size=(resolution_px, resolution_px), mode="bilinear", align_corners=False)
    return field.permute(0, 2, 3, 1)


def coarse_plate(origin_BN2: Tensor, destination_BN2: Tensor) -> Tensor:
    """The same for a grid of GRID_PX, as pictures that can be read anywhere: (B, 2, GRID_PX, GRID_PX)."""
    batch = max(len(origin_BN2), len(destination_BN2))
    origin, destination = (_held(points).expand(batch, -1, -1) for points in (origin_BN2, destination_BN2))
    centres = (torch.arange(GRID_PX) + 0.5) / GRID_PX * 2 - 1
    return _plate(origin, destination, centres.to(origin))


def plate_shifts(points_BN2: Tensor, shifts_BN2: Tensor, *, places_P: Tensor) -> Tensor:
    """How far the plate moves what lies at every (x, y) of `places_P`: (B, 2, P, P), y before x; x before y within.

    68 landmarks at `points` (normalised) move by `shifts`; what lies far outside the face stays.
    """
    points = _held(points_BN2)
    shifts = functional.pad(shifts_BN2[:, list(CONTROLS)], (0, 0, 0, len(_BORDER)))
    return _plate(points, shifts, places_P)


def _plate(origin: Tensor, values: Tensor, places_P: Tensor) -> Tensor:
    """The plate through `values` at `origin` (both (B, K, 2)), at every (x, y) of `places_P`: (B, 2, P, P)."""
    weights = torch.linalg.solve(_system(origin), functional.pad(values, (0, 0, 0, 3)))
    y, x = torch.meshgrid(places_P, places_P, indexing="ij")
    grid = torch.stack([x, y], -1).view(1, -1, 2).expand(len(origin), -1, -1)
    bent = _radial(torch.cdist(grid, origin)) @ weights[:, :-3]
    field = bent + functional.pad(grid, (1, 0), value=1.0) @ weights[:, -3:]
    return field.view(len(origin), len(places_P), len(places_P), 2).permute(0, 3, 1, 2)


def _held(points: Tensor) -> Tensor:
    border = _BORDER.to(points).expand(len(points), -1, -1)
    return torch.cat([points[:, list(CONTROLS)], border], 1)


def _system(origin: Tensor) -> Tensor:
    number = origin.shape[1]
    jaw, border = number - len(_BORDER) - 8, number - len(_BORDER)
    stiffness = torch.full((number,), STIFFNESS).to(origin)
    stiffness[jaw:border] *= JAW_FACTOR
    stiffness[border:] *= BORDER_FACTOR
    system = functional.pad(_radial(torch.cdist(origin, origin)) + torch.diag(stiffness), (0, 3, 0, 3))
    system[:, :number, number] = 1
    system[:, :number, number + 1 :] = origin
    system[:, number:, :number] = system[:, :number, number:].transpose(1, 2)
    return system


def _radial(distance: Tensor) -> Tensor:
    squared = distance * distance
    return squared * torch.log(squared + 1e-8)
