"""Heads that are turned further than the source ever was: painted at the nearest turn it showed, then turned on.

No network paints what it has not seen. The face's points are turned back in three dimensions, as far as the source's
footage reaches; what is painted over them is then laid on a surface through the landmarks and turned to where the
performance has it. What comes to lie behind the nose or the cheek is hidden, as it is in a head.
"""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.driven.shapes import Shape, deformed, place, pose_of, rotation_of
from understudy.geometry import fit_thin_plate, warp_points

BEYOND_DEG = np.array([3.0, 15.0])  # yaw, pitch: so much further than the source a face is still painted as it is
SLIDING_DEG = 6.0  # over this much more the outline's points, which slide over the skin, become the model's
GRID_PX = 64  # knots of the surface, a side
STIFFNESS = 0.004  # of the surface between the landmarks, in squared sides of the patch; less of it creases
DENSE = 2  # points of the surface a pixel of the patch, a side
CORRECTIONS = 4


class Reach(NamedTuple):
    """How far a source was turned, yaw and pitch in degrees, (2,) each; and how far it looked aside, in eye widths."""

    low_2: np.ndarray
    high_2: np.ndarray
    looks: tuple[float, float] = (-np.inf, np.inf)


class Turned(NamedTuple):
    """A face as far turned as the source was.

    points     (68, 2), turned back as far as need be
    nearness   (68,) how near the camera they lie where they were, in the same unit
    is_turned  whether anything had to be turned
    """

    points: np.ndarray
    nearness: np.ndarray
    is_turned: bool


def turn_back(points: np.ndarray, shape: Shape, reach: Reach, *, mouth: float, eyes: float) -> Turned:
    """68 points of a source's face, turned back to what the source showed, and a little beyond."""
    placing = place(points, shape.still)
    pose = pose_of(placing)
    asked = np.array(pose[:2])
    nearest = np.clip(asked, reach.low_2 - BEYOND_DEG, reach.high_2 + BEYOND_DEG)
    face = deformed(shape, mouth=mouth, eyes=eyes)
    third = np.cross(*placing.rotation_23)
    nearness = placing.scale * face @ third
    beyond = float(np.abs(asked - nearest).max())
    if beyond == 0:
        return Turned(points, nearness, False)
    rotation = rotation_of(nearest[0], nearest[1], pose.roll_deg)[:2]
    rest = points - (placing.scale * face @ placing.rotation_23.T + placing.shift)
    rest[:17] *= max(0.0, 1 - beyond / SLIDING_DEG)
    return Turned(placing.scale * face @ rotation.T + placing.shift + rest, nearness, True)


def turn_on(patch: np.ndarray, painted: np.ndarray, wanted: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """A uint8 patch (P, P, 3) whose 68 points lie at `painted`, turned so that they come to lie at `wanted`.

    Both are in the patch's pixels; of what falls on one pixel the nearest is seen.
    """
    side = len(patch)
    knots = np.stack(np.meshgrid(*[np.linspace(0, side - 1, GRID_PX)] * 2), -1).reshape(-1, 2)
    carried, depths = (
        warp_points(fit_thin_plate(painted, values, stiffness=STIFFNESS * side**2), knots)
        for values in (wanted, np.column_stack([nearness, nearness]))
    )
    grid = np.column_stack([carried, depths[:, 0]]).reshape(GRID_PX, GRID_PX, 3).astype(np.float32)
    dense = side * DENSE
    spots = _upsampled(grid, dense)
    origin = _seen(spots, side) * ((side - 1) / (dense - 1))
    places = _refined(origin, grid, side)
    return np.asarray(cv2.remap(patch, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _upsampled(grid: np.ndarray, side: int) -> np.ndarray:
    """Values at evenly spaced places, the first and the last of which are the grid's own: (side, side, k)."""
    steps = np.linspace(0, len(grid) - 1, side, dtype=np.float32)
    across, down = np.meshgrid(steps, steps)
    return np.asarray(cv2.remap(grid, across, down, cv2.INTER_LINEAR))


def _seen(spots: np.ndarray, side: int) -> np.ndarray:
    """For every pixel which of the dense spots is seen there, (side, side, 2) as x, y; holes take what is beside."""
    number = len(spots)
    x, y = (np.rint(spots[..., axis]).astype(int).ravel() for axis in (0, 1))
    inside = np.flatnonzero((x >= 0) & (x < side) & (y >= 0) & (y < side))
    order = inside[np.argsort(spots[..., 2].ravel()[inside], kind="stable")]
    seen = np.full(side * side, -1)
    seen[y[order] * side + x[order]] = order  # of equal places the last, the nearest, stays
    empty = (seen < 0).reshape(side, side).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros(labels.max() + 1, int)
    known[labels.ravel()[seen >= 0]] = seen[seen >= 0]
    chosen = known[labels]
    return np.stack([chosen % number, chosen // number], -1).astype(np.float32)


def _refined(origin: np.ndarray, grid: np.ndarray, side: int) -> np.ndarray:
    """Places in the painted patch that come to lie exactly on every pixel, from places that nearly do."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    wanted, places = np.stack([x, y], -1), origin.astype(np.float32)
    scale = np.float32((GRID_PX - 1) / (side - 1))
    for _ in range(CORRECTIONS):
        there = cv2.remap(grid, places * scale, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[..., :2]
        places = places + np.clip(0.6 * (wanted - there), -0.75, 0.75)
    return places
