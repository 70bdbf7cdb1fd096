"""The truth about a rendered face: its 68 landmarks, as iBUG 300-W places them."""

import numpy as np

from understudy.actors.camera import Camera, Pose
from understudy.actors.curves import F32, Array
from understudy.actors.design import Eyes
from understudy.actors.eyes import lid_curves
from understudy.actors.geometry import (
    COLUMN_ANGLES,
    CUT_ROW,
    MOUTH_HALF_WIDTH,
    MOUTH_Y,
    ROW_POSITIONS,
    lower_lip_height,
    position_of_height,
    upper_lip_height,
)
from understudy.actors.mask import brow_line
from understudy.actors.performance import Performance
from understudy.actors.surface import EYE_WINDOWS, locate, point_on_row

CHIN, NOSE_ROOT, NUM_JAW = 8, 27, 17

# From the ear to the chin: height on the front profile, and angle around the head.
_JAW = (
    (0.3, 84),
    (-1.8, 84),
    (-4.1, 83),
    (-6.7, 82),
    (-9.2, 72),
    (-10.8, 53),
    (-11.3, 33),
    (-11.6, 16),
    (-11.7, 0),
)
_JAW_ROWS = [int(np.argmin(np.abs(ROW_POSITIONS - position_of_height(y)))) for y, _ in _JAW]
_JAW_ANGLES = [np.radians(angle) for _, angle in _JAW]


def _fixed_points() -> dict[int, tuple[float, float]]:
    """Landmarks that sit on canonical points of the surface: brows, nose, the lips' outer border."""
    points: dict[int, tuple[float, float]] = {}
    for index, x in enumerate((5.25, 4.45, 3.4, 2.35, 1.30)):
        height = float(brow_line(np.array(x))) + 0.18
        points[17 + index], points[26 - index] = (-x, height), (x, height)
    points |= {27 + index: (0.0, y) for index, y in enumerate((0.08, -1.4, -2.8, -4.15))}
    wings = ((-1.38, -4.82), (-0.70, -5.12), (0.0, -5.30), (0.70, -5.12), (1.38, -4.82))
    points |= {31 + index: place for index, place in enumerate(wings)}
    for index, x in enumerate((-1.55, -0.55, 0.0, 0.55, 1.55)):
        across = np.array(x / MOUTH_HALF_WIDTH)
        points[49 + index] = (x, MOUTH_Y + float(upper_lip_height(across)))
    for index, x in enumerate((1.55, 0.65, 0.0, -0.65, -1.55)):
        across = np.array(x / MOUTH_HALF_WIDTH)
        points[55 + index] = (x, MOUTH_Y - float(lower_lip_height(across)))
    return points


_FIXED = _fixed_points()
_FIXED_INDICES = sorted(_FIXED)
_FIXED_PLACES = locate(np.array([_FIXED[index] for index in _FIXED_INDICES]))


def landmarks(surface: Array, eyes: Eyes, performance: Performance, *, camera: Camera, pose: Pose) -> Array:
    """The 68 points (68, 2) float32 in pixels; the jaw's lie on the outline that is seen, as annotators draw it."""
    points = camera.to_pixels(camera.project(pose.of_head(_on_head(surface, eyes, performance)))[0])
    anatomical = points.copy()
    axis = anatomical[CHIN] - anatomical[NOSE_ROOT]
    axis = axis / np.sqrt((axis**2).sum())
    for index in range(NUM_JAW):
        if index != CHIN:
            step = index if index < CHIN else NUM_JAW - 1 - index
            side = -1 if index < CHIN else 1
            seen = _on_outline(surface, row=_JAW_ROWS[step], side=side, axis=axis, camera=camera, pose=pose)
            if seen[1] < _JAW_ANGLES[step]:
                points[index] = seen[0]
    return points.astype(F32)


def _on_head(surface: Array, eyes: Eyes, performance: Performance) -> Array:
    points = np.zeros((68, 3), F32)
    points[_FIXED_INDICES] = _FIXED_PLACES.on(surface)
    upper, lower = CUT_ROW - 1, CUT_ROW
    points[48], points[54] = (point_on_row(surface, upper, side * MOUTH_HALF_WIDTH) for side in (-1, 1))
    for index, x in ((60, -2.0), (64, 2.0)):
        points[index] = (point_on_row(surface, upper, x) + point_on_row(surface, lower, x)) / 2
    for index, x, row in ((61, -0.72, upper), (62, 0, upper), (63, 0.72, upper)):
        points[index] = point_on_row(surface, row, x)
    for index, x, row in ((65, 0.72, lower), (66, 0, lower), (67, -0.72, lower)):
        points[index] = point_on_row(surface, row, x)
    for side, indices in ((-1, (36, 37, 38, 39, 40, 41)), (1, (45, 44, 43, 42, 47, 46))):
        points[list(indices)] = _lids(surface, eyes, performance, side)
    for step, (row, angle) in enumerate(zip(_JAW_ROWS, _JAW_ANGLES, strict=True)):
        for side, index in ((-1, step), (1, NUM_JAW - 1 - step)):
            points[index] = surface[row, int(np.argmin(np.abs(COLUMN_ANGLES - side * angle)))]
    return points


def _lids(surface: Array, eyes: Eyes, performance: Performance, side: int) -> Array:
    """Outer corner, upper lid outer and inner, inner corner, lower lid inner and outer: (6, 3)."""
    ax = np.array([4.38, 3.62, 2.60, 1.70])
    curves = lid_curves(ax, eyes, performance)
    middle = (curves.upper + curves.lower) / 2
    heights = [middle[0], curves.upper[1], curves.upper[2], middle[3], curves.lower[2], curves.lower[1]]
    return EYE_WINDOWS[side].points(surface, ax[[0, 1, 2, 3, 2, 1]], np.array(heights))


def _on_outline(surface: Array, *, row: int, side: int, axis: Array, camera: Camera, pose: Pose) -> tuple[Array, float]:
    """The outermost point of a row on one side, in pixels, and its angle around the head."""
    columns = np.flatnonzero((COLUMN_ANGLES * side > 0.02) & (COLUMN_ANGLES * side < np.radians(95)))
    seen = camera.to_pixels(camera.project(pose.of_head(surface[row][columns]))[0])
    lateral = (seen[:, 0] * axis[1] - seen[:, 1] * axis[0]) * side
    outermost = int(np.argmax(lateral))
    return seen[outermost], float(np.abs(COLUMN_ANGLES[columns[outermost]]))
