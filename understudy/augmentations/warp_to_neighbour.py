"""A face bent until its landmarks lie like those of a similar face of the other person.

The decoder learns to undo the other's face shape, which is what it has to do when it paints over the other's face.
`nearest_faces` finds the similar faces, once; a draw takes one of them for each face.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.chance import Drawn, normal, uniform
from understudy.plate import plate_shifts

AT_ONCE = 1024  # faces that are compared with all of the others
NODES = 21  # a side of the grid on which the bend is computed; between them it is interpolated
REACH = 1.5  # how far that grid reaches, in half sides


@dataclass(frozen=True)
class WarpToNeighbour(Drawn):
    """What comes to lie at `points_BN2` reads from `shifts_BN2` further (normalised coordinates)."""

    points_BN2: Tensor
    shifts_BN2: Tensor


def nearest_faces(points_NP2: Tensor, others_MP2: Tensor, *, number: int = 10) -> Tensor:
    """For every face the `number` most similar ones of the others, most similar first: indices (N, min(number, M)).

    Faces are compared by their landmarks, whatever their place, size and turn in the picture (Procrustes distance).
    """
    faces, others = _shape(points_NP2), _shape(others_MP2)
    number = min(number, len(others))
    return torch.cat([(part @ others.mH).abs().topk(number).indices for part in torch.split(faces, AT_ONCE)])


def sample(
    generator: torch.Generator,
    *,
    number: int,
    points_BP2: Tensor,
    neighbours_BKP2: Tensor,
    strength: float,
    noise: float,
) -> WarpToNeighbour:
    """The way from the faces' 68 landmarks to those of one of each face's K neighbours, all normalised.

    Neighbours are laid over the faces as well as place, size and turn allow, so that only shape differs. Faces go
    `strength` of the way (0 to 1), and every landmark strays with a deviation of `noise` of the side (2/256 is usual).
    """
    drawn = uniform(generator, number=number, count=1 + points_BP2[0].numel())
    which = (drawn[:, 0] * neighbours_BKP2.shape[1]).long()
    wanted = _laid_over(points_BP2, neighbours_BKP2[torch.arange(number), which])
    strayed = 2 * noise * normal(drawn[:, 1:]).view_as(points_BP2)
    way = strength * (wanted - points_BP2) + strayed
    return WarpToNeighbour(points_BP2 + way, -way)


def apply(parameters: WarpToNeighbour, positions_BHW2: Tensor) -> Tensor:
    """Where a pixel at each position reads from; positions and landmarks are of the same picture."""
    places = torch.linspace(-REACH, REACH, NODES).to(parameters.points_BN2)
    field = plate_shifts(parameters.points_BN2, parameters.shifts_BN2, places_P=places)
    at = positions_BHW2.expand(len(field), -1, -1, -1) / REACH
    moved = functional.grid_sample(field, at, mode="bilinear", padding_mode="border", align_corners=True)
    return positions_BHW2 + moved.permute(0, 2, 3, 1)


def _shape(points_NP2: Tensor) -> Tensor:
    """Landmarks as complex numbers (N, P) of mean 0 and norm 1."""
    plane = torch.view_as_complex(points_NP2.float().contiguous())
    centred = plane - plane.mean(1, keepdim=True)
    return centred / torch.linalg.vector_norm(centred, dim=1, keepdim=True)


def _laid_over(points_BP2: Tensor, others_BP2: Tensor) -> Tensor:
    """The others moved, sized and turned to lie as near to `points` as they can."""
    plane = torch.view_as_complex(points_BP2.contiguous())
    shape = _shape(others_BP2)
    factor = (shape.conj() * plane).sum(1, keepdim=True)  # the shape has norm 1 and mean 0
    return torch.view_as_real(factor * shape + plane.mean(1, keepdim=True))
