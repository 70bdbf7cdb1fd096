"""An atlas of one face: textures in canonical face coordinates, mixed by what the face does.

A whole-face texture for each of several turns of the head, and what mouth and eyes add to it for each of several
openings and looks. Each texture has a node, a point in the space of what it depends on; a face takes every texture by
how near its node lies. Textures start as averages of the source's own frames and are learnt from there. Beyond
TURNS_PX the turns' textures stay that small, and one texture that all share holds what is finer.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.sampling import read_at

NODE_WIDTH = 0.6  # of the mean distance between neighbouring nodes: how far a node reaches
TURNS_PX = 256
AT_ONCE = 8  # faces looked at together when textures begin


class Traits(NamedTuple):
    """What textures depend on, for B faces: turn (yaw, pitch), mouth (opening, width), eyes (opening, look)."""

    turn_B2: Tensor
    mouth_B2: Tensor
    eyes_B2: Tensor


class Textures(Protocol):
    """Textures (N, 3, R, R) of which some rows at a time are asked for; a tensor is one."""

    def __getitem__(self, rows: slice, /) -> Tensor:
        """Those rows' textures."""
        ...


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
    """Textures in logits of RGB from `Traits`, read anywhere."""

    def __init__(self, *, resolution_px: int, nodes: int) -> None:
        super().__init__()
        self.resolution_px = resolution_px
        turns_px = min(resolution_px, TURNS_PX)
        self.face = Nodes(nodes, height=turns_px, width=turns_px)
        self.shared = Nodes(1, height=resolution_px, width=resolution_px) if resolution_px > turns_px else None
        self.mouth = Nodes(nodes, **_extent(MOUTH, resolution_px))
        self.eyes = Nodes(nodes, **_extent(EYES, resolution_px))

    def forward(self, traits: Traits, places_BHW2: Tensor) -> Tensor:
        """The texture of every face at its `places` (normalised, borders at −1 and 1): (B, 3, H, W)."""
        texture = read_at(self.face(traits.turn_B2), places_BHW2)
        if self.shared is not None:
            texture = texture + read_at(self.shared(traits.turn_B2), places_BHW2)
        for box, part in ((MOUTH, self.mouth(traits.mouth_B2)), (EYES, self.eyes(traits.eyes_B2))):
            within = _within(box, self.resolution_px, places_BHW2)
            texture = texture + read_at(part, within) * _window(within)
        return texture

    @torch.no_grad()
    def begin(self, textures_N3RR: Textures, traits: Traits) -> None:
        """Start from N faces' own textures: nodes spread over their traits, textures are averages around them."""
        layers = [layer for layer in (self.face, self.shared) if layer is not None]
        parts = ((self.mouth, MOUTH, traits.mouth_B2), (self.eyes, EYES, traits.eyes_B2))
        for layer in layers:
            layer.spread(traits.turn_B2)
            for rows, textures in _batches(textures_N3RR, len(traits.turn_B2)):
                turns = traits.turn_B2[rows]
                known = [_sized(before(turns), self.resolution_px) for before in layers[: layers.index(layer)]]
                layer.add(_sized(textures - sum(known), layer.textures.shape[-1]), turns)
        for nodes, _, values in parts:
            nodes.spread(values)
        for rows, textures in _batches(textures_N3RR, len(traits.turn_B2)):
            turns = traits.turn_B2[rows]
            beyond = textures - sum(_sized(layer(turns), self.resolution_px) for layer in layers)
            for nodes, box, values in parts:
                nodes.add(beyond[(..., *_slices(box, self.resolution_px))], values[rows])


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

    def spread(self, traits_N2: Tensor) -> None:
        """Spread the nodes over the faces' traits, and forget all textures; `add` gives them anew."""
        self.low_2.copy_(traits_N2.quantile(0.01, 0))
        self.high_2.copy_(torch.maximum(traits_N2.quantile(0.99, 0), self.low_2 + 1e-3))
        self.places_K2.copy_(_spread(self._unit(traits_N2), len(self.places_K2)))
        apart = torch.cdist(self.places_K2, self.places_K2) + torch.diag(torch.full_like(self.places_K2[:, 0], 9.0))
        self.reach.copy_((NODE_WIDTH * apart.amin(1).mean()).clamp_min(1e-3))
        self._weights = torch.softmax(self._nearness(traits_N2), 1).sum(0).clamp_min(1e-6)
        self.textures.zero_()

    def add(self, textures_B3HW: Tensor, traits_B2: Tensor) -> None:
        """Take some of the faces into the averages around the nodes."""
        shares = torch.softmax(self._nearness(traits_B2), 1) / self._weights
        self.textures.add_((shares.T @ textures_B3HW.flatten(1)).view_as(self.textures))

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


def _batches(textures: Textures, number: int) -> Iterator[tuple[slice, Tensor]]:
    for start in range(0, number, AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        yield rows, textures[rows]


def _slices(box: Box, resolution_px: int) -> tuple[slice, slice]:
    left, top, right, bottom = (round(edge * resolution_px) for edge in box)
    return slice(top, bottom), slice(left, right)


def _extent(box: Box, resolution_px: int) -> dict[str, int]:
    rows, columns = _slices(box, resolution_px)
    return {"height": rows.stop - rows.start, "width": columns.stop - columns.start}


def _within(box: Box, resolution_px: int, places: Tensor) -> Tensor:
    """Positions in the whole texture as positions in a box of it."""
    rows, columns = _slices(box, resolution_px)
    edges = torch.tensor([[columns.start, rows.start], [columns.stop, rows.stop]]).to(places) / resolution_px * 2 - 1
    return (places - edges[0]) / (edges[1] - edges[0]) * 2 - 1


def _window(within: Tensor) -> Tensor:
    """1 in the middle of a box, falling smoothly to 0 at its edges and beyond: (B, 1, H, W)."""
    from_edge = ((1 - within.abs()) / (2 * FEATHER)).clamp(0, 1)
    across, down = (0.5 - 0.5 * torch.cos(torch.pi * from_edge)).unbind(-1)
    return (across * down)[:, None]


def _sized(textures: Tensor, resolution_px: int) -> Tensor:
    if textures.shape[-1] == resolution_px:
        return textures
    size = (resolution_px, resolution_px)
    return functional.interpolate(textures, size=size, mode="bilinear", align_corners=False, antialias=True)
