"""A smooth random displacement, registered: with no displacement the result is the picture itself, to the last bit.

The classic warp resizes a grid of whole-pixel samples and crops it, which leaves input and target half a pixel apart;
here both read at the same positions, and only the input's are displaced.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.chance import Drawn

NODES = 5


@dataclass(frozen=True)
class Warp(Drawn):
    """Displacements of 5 × 5 nodes spread over the picture from border to border: (B, 2, 5, 5), normalised."""

    nodes_B2NN: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float) -> Warp:
    """Displacements with a standard deviation of `strength` of the picture's side."""
    return Warp(torch.randn(number, 2, NODES, NODES, generator=generator) * 2 * strength)


def apply(parameters: Warp, positions_BHW2: Tensor) -> Tensor:
    """Where a pixel at each position reads from: `positions` plus the displacement, interpolated bicubically."""
    down, across = (_bicubic(side, device=positions_BHW2.device) for side in positions_BHW2.shape[1:3])
    smooth = down @ parameters.nodes_B2NN @ across.t()
    return positions_BHW2 + smooth.permute(0, 2, 3, 1)


def _bicubic(side: int, *, device: torch.device) -> Tensor:
    """Weights of the nodes of a line in `side` pixels from its first to its last: (side, 5)."""
    each_alone = torch.eye(NODES, device=device)[None, :, :, None]
    return functional.interpolate(each_alone, size=(side, 1), mode="bicubic", align_corners=True)[0, :, :, 0].t()
