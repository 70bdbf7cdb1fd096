"""An atlas of one face: textures in canonical face coordinates, mixed by what the face does.

A whole-face texture for each of several turns of the head, and what mouth and eyes add to it for each of several
openings and looks. Each texture has a node, a point in the space of what it depends on; a face takes every texture by
how near its node lies. Textures start as averages of the source's own frames and are learnt from there.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

NODE_WIDTH = 0.6  # of the mean distance between neighbouring nodes: how far a node reaches


class Traits(NamedTuple):
    """What textures depend on, for B faces: turn (yaw, pitch), mouth (opening, width), eyes (opening, look)."""

    turn_B2: Tensor
    mouth_B2: Tensor
    eyes_B2: Tensor


class Box(NamedTuple):
    """A part of the texture, in shares of its side."""

    left: float
    top: float
    right: float
    bottom: float


MOUTH = Box(0.28, 0.54, 0.76, 0.92)
EYES = Box(0.18, 0.18, 0.82, 0.42)
FEATHER = 0.15  # of a box's sides: where it fades out


class Atlas(nn.Module):
    """Textures (B, 3, R, R) in logits of RGB from `Traits`."""

    def __init__(self, *, resolution_px: int, nodes: int) -> None:
        super().__init__()
        self.resolution_px = resolution_px
        self.face = Nodes(nodes, height=resolution_px, width=resolution_px)
        self.mouth = Nodes(nodes, **_extent(MOUTH, resolution_px))
        self.eyes = Nodes(nodes, **_extent(EYES, resolution_px))

    def forward(self, traits: Traits) -> Tensor:
        """The texture of every face."""
        texture = self.face(traits.turn_B2)
        return self._added(texture, self.mouth(traits.mouth_B2), self.eyes(traits.eyes_B2))

    @torch.no_grad()
    def begin(self, textures_N3RR: Tensor, traits: Traits) -> None:
        """Start from N faces' own textures: nodes spread over their traits, textures are averages around them."""
        self.face.begin(textures_N3RR, traits.turn_B2)
        beyond = textures_N3RR - torch.cat([self.face(turn[None]) for turn in traits.turn_B2])
        for nodes, box, values in ((self.mouth, MOUTH, traits.mouth_B2), (self.eyes, EYES, traits.eyes_B2)):
            rows, columns = _slices(box, self.resolution_px)
            nodes.begin(beyond[:, :, rows, columns], values)

    def _added(self, texture: Tensor, mouth: Tensor, eyes: Tensor) -> Tensor:
        for box, part in ((MOUTH, mouth), (EYES, eyes)):
            rows, columns = _slices(box, self.resolution_px)
            edges = (columns.start, self.resolution_px - columns.stop, rows.start, self.resolution_px - rows.stop)
            texture = texture + nn.functional.pad(part * _window(part), edges)
        return texture


class Nodes(nn.Module):
    """K textures (3, height, width) with a node each in a space of two traits."""

    places_K2: Tensor
    low_2: Tensor
    high_2: Tensor
    reach: Tensor

    def __init__(self, number: int, *, height: int, width: int) -> None:
        super().__init__()
        self.textures = nn.Parameter(torch.zeros(number, 3, height, width))
        self.register_buffer("places_K2", torch.zeros(number, 2))
        self.register_buffer("low_2", torch.zeros(2))
        self.register_buffer("high_2", torch.ones(2))
        self.register_buffer("reach", torch.ones(()))

    def forward(self, traits_B2: Tensor) -> Tensor:
        """The mix of textures for each face: (B, 3, height, width)."""
        shares = torch.softmax(self._nearness(traits_B2), 1)
        mixed = shares @ self.textures.flatten(1)
        return mixed.view(-1, *self.textures.shape[1:])

    def begin(self, textures_N3HW: Tensor, traits_N2: Tensor) -> None:
        """Spread the nodes over the faces' traits, and average the faces around each."""
        self.low_2.copy_(traits_N2.quantile(0.01, 0))
        self.high_2.copy_(torch.maximum(traits_N2.quantile(0.99, 0), self.low_2 + 1e-3))
        self.places_K2.copy_(_spread(self._unit(traits_N2), len(self.places_K2)))
        apart = torch.cdist(self.places_K2, self.places_K2) + torch.diag(torch.full_like(self.places_K2[:, 0], 9.0))
        self.reach.copy_((NODE_WIDTH * apart.amin(1).mean()).clamp_min(1e-3))
        shares = torch.softmax(self._nearness(traits_N2), 1)
        weights = shares / shares.sum(0).clamp_min(1e-6)
        self.textures.copy_((weights.T @ textures_N3HW.flatten(1)).view_as(self.textures))

    def _nearness(self, traits_B2: Tensor) -> Tensor:
        distance = torch.cdist(self._unit(traits_B2), self.places_K2, compute_mode="donot_use_mm_for_euclid_dist")
        return -(distance**2) / (2 * self.reach**2)

    def _unit(self, traits: Tensor) -> Tensor:
        """Traits in 0–1 of what the source showed; beyond it, its end."""
        return ((traits - self.low_2) / (self.high_2 - self.low_2)).clamp(0, 1)


def _spread(points_N2: Tensor, number: int) -> Tensor:
    """`number` of the points, each as far as possible from those before it; the first is nearest the middle."""
    chosen = [int((points_N2 - points_N2.median(0).values).norm(dim=1).argmin())]
    nearest = (points_N2 - points_N2[chosen[0]]).norm(dim=1)
    while len(chosen) < number:
        chosen.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (points_N2 - points_N2[chosen[-1]]).norm(dim=1))
    return points_N2[chosen]


def _slices(box: Box, resolution_px: int) -> tuple[slice, slice]:
    left, top, right, bottom = (round(edge * resolution_px) for edge in box)
    return slice(top, bottom), slice(left, right)


def _extent(box: Box, resolution_px: int) -> dict[str, int]:
    rows, columns = _slices(box, resolution_px)
    return {"height": rows.stop - rows.start, "width": columns.stop - columns.start}


def _window(part: Tensor) -> Tensor:
    """1 in the middle of a box, falling smoothly to 0 at its edges: (H, W)."""
    down, across = (_fade(length).to(part) for length in part.shape[-2:])
    return down[:, None] * across[None]


def _fade(length: int) -> Tensor:
    from_edge = torch.minimum(torch.arange(length) + 0.5, length - 0.5 - torch.arange(length)) / (FEATHER * length)
    return 0.5 - 0.5 * torch.cos(torch.pi * from_edge.clamp(0, 1))
