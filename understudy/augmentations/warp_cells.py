"""DeepFaceLab's warp, registered: bends of three sizes, one of them a face, that leave the picture's border in place.

A picture is divided into 2 × 2, 4 × 4 or 8 × 8 cells whose inner corners are displaced by up to a quarter of a cell.
The original resizes a grid of whole pixels, which leaves its inputs half a pixel from their targets; here only what
is displaced is interpolated, and without a displacement every bit stays.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.chance import Drawn, normal, uniform
from understudy.sampling import grid_positions

CELLS = (2, 4, 8)  # a side
NODES = 9  # the corners of the smallest cells; those of larger ones are among them
CUT_AT = 2.5  # deviations at which displacements end


@dataclass(frozen=True)
class WarpCells(Drawn):
    """Displacements (x, y) of 9 × 9 nodes from border to border: (B, 2, 9, 9), normalised."""

    nodes_B2NN: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float) -> WarpCells:
    """Normal displacements, cut where they reach `strength` of a cell (0.24 in the original) at 2.5 deviations."""
    inner = NODES - 2
    drawn = uniform(generator, number=number, count=1 + 2 * inner * inner)
    noise = normal(drawn[:, 1:], cut_at=CUT_AT).view(number, 2, inner, inner) * strength / CUT_AT
    of_each_size = torch.stack([_bent(noise, cells) for cells in CELLS])
    return WarpCells(of_each_size[(drawn[:, 0] * len(CELLS)).long(), torch.arange(number)])


def apply(parameters: WarpCells, positions_BHW2: Tensor) -> Tensor:
    """Where a pixel at each position reads from: `positions` plus the displacement, interpolated bilinearly."""
    nodes = parameters.nodes_B2NN
    pixels = grid_positions(positions_BHW2.shape[2]).to(nodes).expand(len(nodes), -1, -1, -1)
    moved = functional.grid_sample(nodes, pixels, mode="bilinear", align_corners=True)
    return positions_BHW2 + moved.permute(0, 2, 3, 1)


def _bent(noise_B2II: Tensor, cells: int) -> Tensor:
    """The smallest cells' nodes when only the inner corners of `cells` a side are displaced: (B, 2, 9, 9)."""
    step = (NODES - 1) // cells
    corners = torch.arange(step, NODES - 1, step)
    weight = (1 - (torch.arange(NODES)[:, None] - corners).abs() / step).clamp_min(0)
    displaced = noise_B2II[:, :, step - 1 :: step, step - 1 :: step] * (2 / cells)
    return weight @ displaced @ weight.T
