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
    height, width = positions_BHW2.shape[1:3]
    nodes = parameters.nodes_B2NN
    smooth = functional.interpolate(nodes, size=(height, width), mode="bicubic", align_corners=True)
    return positions_BHW2 + smooth.permute(0, 2, 3, 1)
