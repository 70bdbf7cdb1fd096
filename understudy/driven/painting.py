"""A trained network at work: another's performance in, patches of the source's face out."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from understudy.driven.actor import Drive, drive
from understudy.driven.atlas import Traits
from understudy.driven.gaze import look_on
from understudy.driven.linemaps import draw_maps
from understudy.driven.network import MAPS_PX, Network
from understudy.driven.outline import JAW_SHRINK, moved_outline, painted_mask
from understudy.driven.steady import steady_points
from understudy.driven.turned import Reach, turn_on
from understudy.facesets import FaceSet
from understudy.geometry import apply_affine, fit_crop, invert_affine
from understudy.model import Painted
from understudy.sampling import normalised_from_px

COVERAGE = 1.6  # of the painted patch, in mean face boxes
AT_ONCE = 8  # faces a forward pass


@torch.no_grad()
def paint(
    network: Network,
    faces: FaceSet,
    *,
    sized_by: Literal["face", "eyes"],
    brow_margin: float,
    device: torch.device,
) -> Painted:
    """The source's face with these faces' performance; the jaw is where the source's would be."""
    side = network.resolution_px
    performed = steady_points(faces)
    source, target = network.source.person(), network.target.person()
    driven = drive(faces, source, target, sized_by=sized_by, reach=_reach(network))
    drawn, wanted = (_in_frame(faces, points) for points in (driven.points_N702, driven.wanted_N682))
    crops, in_patch = _patches_around(wanted, side)
    _, drawn_in_patch = _patches_around(drawn, side)
    patches = _rendered(network, drawn_in_patch, driven, device=device)
    for row in np.flatnonzero(driven.beyond_N):
        patches[row] = look_on(patches[row], drawn_in_patch[row], float(driven.beyond_N[row]))
    for row in np.flatnonzero(driven.is_turned_N):
        patches[row] = turn_on(patches[row], drawn_in_patch[row, :68], in_patch[row], driven.nearness_N68[row])
    alpha = [
        painted_mask(points, resolution_px=side, brow_margin=brow_margin, jaw_shrink=JAW_SHRINK) for points in in_patch
    ]
    outlines = [moved_outline(before, after) for before, after in zip(performed, wanted, strict=True)]
    return Painted(
        patches,
        np.asarray(alpha, np.uint8).reshape(-1, side, side),
        crops.astype(np.float32),
        wanted.astype(np.float32),
        [before for before, _ in outlines],
        [after for _, after in outlines],
    )


def render(network: Network, points: Tensor, mouth: Tensor, eyes: Tensor, traits: Traits) -> Tensor:
    """Whole patches (B, 3, P, P) of faces with these points (normalised), openings and traits."""
    painted: Tensor = network(draw_maps(points, mouth, eyes, resolution_px=MAPS_PX), points, traits)
    return painted


def _reach(network: Network) -> Reach:
    turns, eyes = network.atlas.face, network.atlas.eyes
    low, high = (limit.cpu().numpy() * 90.0 for limit in (turns.low_2, turns.high_2))
    return Reach(low, high, (float(eyes.low_2[1]), float(eyes.high_2[1])))


def _rendered(network: Network, in_patch: np.ndarray, driven: Drive, *, device: torch.device) -> np.ndarray:
    side = network.resolution_px
    points = normalised_from_px(torch.from_numpy(in_patch.astype(np.float32)), side).to(device)
    mouth, eyes = (torch.from_numpy(each.astype(np.float32)).to(device) for each in (driven.mouth_N, driven.eyes_N))
    patches = [np.zeros((0, side, side, 3), np.uint8)]
    for start in range(0, len(points), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        traits = Traits(*(values[rows].to(device) for values in driven.traits))
        painted = render(network, points[rows], mouth[rows], eyes[rows], traits)
        patches.append((painted * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(patches)


def _in_frame(faces: FaceSet, points: np.ndarray) -> np.ndarray:
    """Points (N, k, 2) of the faces' crops in pixels of the frame."""
    moved = [
        apply_affine(invert_affine(crop.astype(float)), face)
        for crop, face in zip(faces.crop_from_frame_N23, points, strict=True)
    ]
    return np.asarray(moved, float).reshape(points.shape)


def _patches_around(points: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The patches of faces, (N, 2, 3) from the frame, and the points (N, k, 2) in them."""
    crops = np.asarray([fit_crop(face[:68], resolution_px=side, coverage=COVERAGE) for face in points])
    inside = [apply_affine(crop, face) for crop, face in zip(crops.reshape(-1, 2, 3), points, strict=True)]
    return crops.reshape(-1, 2, 3), np.asarray(inside, float).reshape(points.shape)
