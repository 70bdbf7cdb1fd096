"""Shape models: one person's face in three dimensions, how mouth and lids deform it, and the way between two people.

A face is X = still + mouth_change · mouth + eyes_change · (eyes − 1), in units of the outer-eye distance, x right,
y down, z towards the camera; the picture shows scale · R · X + shift (scaled orthography).
"""

from typing import Literal, NamedTuple

import numpy as np

from understudy.geometry import Pose

RIGID = (*range(27, 36), 36, 39, 42, 45)  # nose and eye corners: what an expression moves least
FACE = tuple(range(17, 68))
EYE_CORNERS = (36, 39, 42, 45)
ROUNDS = 4
RIDGE = 0.02  # weight a frame of staying with the template
CHANGE_RIDGE = 0.01  # of RIDGE, for what mouth and lids change

_DEPTHS = {
    **dict(zip(range(17), [*np.linspace(-0.8, -0.1, 8), 0.0, *np.linspace(-0.1, -0.8, 8)], strict=True)),
    **dict(zip(range(17, 27), [-0.15, -0.06, 0, 0.04, 0.06, 0.06, 0.04, 0, -0.06, -0.15], strict=True)),
    **dict(zip(range(27, 36), [0.08, 0.16, 0.24, 0.32, 0.12, 0.16, 0.18, 0.16, 0.12], strict=True)),
    **dict.fromkeys((36, 45), -0.15),
    **dict.fromkeys((37, 38, 39, 40, 41, 42, 43, 44, 46, 47), -0.05),
    **dict.fromkeys(range(48, 68), 0.12),
    **dict.fromkeys((48, 54, 60, 64), 0.02),
}
_DEPTHS[39] = _DEPTHS[42] = 0.0
DEPTHS = np.array([_DEPTHS[index] for index in range(68)], float)


class Shape(NamedTuple):
    """One person's shape model; each array is (68, 3)."""

    still: np.ndarray
    mouth_change: np.ndarray
    eyes_change: np.ndarray


class Placing(NamedTuple):
    """Where a shape stands in the picture: point = scale · rotation_23 · X + shift."""

    scale: float
    rotation_23: np.ndarray
    shift: np.ndarray


def make_template(points_N682: np.ndarray) -> np.ndarray:
    """The mean of aligned faces (crop pixels) with depths that fit anybody: (68, 3), around its rigid points."""
    flat = points_N682.mean(0)
    unit = np.linalg.norm(flat[45] - flat[36])
    template = np.column_stack([flat / unit, DEPTHS])
    return np.asarray(template - template[list(RIGID)].mean(0))


def place(points: np.ndarray, still: np.ndarray) -> Placing:
    """The placing of a shape that fits 68 points best: least squares on the rigid points, then the nearest rotation."""
    wanted = points[list(RIGID)]
    centre, middle = wanted.mean(0), still[list(RIGID)].mean(0)
    model = still[list(RIGID)] - middle
    projection = np.linalg.lstsq(model, wanted - centre, rcond=None)[0].T
    left, _, right = np.linalg.svd(projection, full_matrices=False)
    rotation = left @ right
    turned = model @ rotation.T
    scale = float((turned * (wanted - centre)).sum() / (turned * turned).sum())
    return Placing(scale, rotation, centre - scale * rotation @ middle)


def pose_of(placing: Placing) -> Pose:
    """Yaw, pitch and roll of a placing, with the signs of understudy.geometry.estimate_pose."""
    first, second = placing.rotation_23
    third = np.cross(first, second)
    yaw = np.degrees(np.arctan2(-third[0], third[2]))
    pitch = np.degrees(np.arcsin(np.clip(third[1], -1, 1)))
    roll = np.degrees(np.arctan2(-first[1], second[1]))
    return Pose(float(yaw), float(pitch), float(roll), placing.scale)


def rotation_of(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """The rotation (3, 3) that `pose_of` reads these angles from."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    third = np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    level = np.cross([0.0, 1.0, 0.0], third)
    level /= np.linalg.norm(level)
    upright = np.cross(third, level)
    return np.array(
        [np.cos(roll) * level - np.sin(roll) * upright, np.sin(roll) * level + np.cos(roll) * upright, third]
    )


def fit_shape(points_N682: np.ndarray, template: np.ndarray, *, mouth_N: np.ndarray, eyes_N: np.ndarray) -> Shape:
    """A person's shape model from N faces: alternately place the shape, then solve for it, held near the template.

    `mouth_N` are openings in eye distances, `eyes_N` openings relative to this person's open eye.
    """
    number = len(points_N682)
    factors = np.column_stack([np.ones(number), mouth_N, eyes_N - 1])
    held = RIDGE * number * np.repeat([1, CHANGE_RIDGE, CHANGE_RIDGE], 3)
    prior = np.zeros((9, 68))
    prior[:3] = template.T
    shape = Shape(template, np.zeros((68, 3)), np.zeros((68, 3)))
    for _ in range(ROUNDS):
        placings = [place(points, shape.still) for points in points_N682]
        rotations = np.stack([placing.rotation_23 for placing in placings])
        design = np.einsum("nk,nij->nikj", factors, rotations).reshape(2 * number, 9)
        flat = [(p - placing.shift) / placing.scale for p, placing in zip(points_N682, placings, strict=True)]
        seen = np.stack(flat).transpose(0, 2, 1).reshape(2 * number, 68)
        system = np.einsum("ri,rj->ij", design, design) + np.diag(held)
        solved = np.linalg.solve(system, np.einsum("ri,rj->ij", design, seen) + held[:, None] * prior)
        shape = Shape(solved[:3].T, solved[3:6].T, solved[6:].T)
    return shape


def deformed(shape: Shape, *, mouth: float, eyes: float) -> np.ndarray:
    """The (68, 3) face with this mouth (eye distances) and these eyes (1: this person's open eye)."""
    return shape.still + shape.mouth_change * mouth + shape.eyes_change * (eyes - 1)


class Way(NamedTuple):
    """The similarity that lays the source's shape over the target's: X_target = scale · X_source · R + shift."""

    scale: float
    rotation_33: np.ndarray
    shift: np.ndarray


def find_way(source: Shape, target: Shape, *, sized_by: Literal["face", "eyes"]) -> Way:
    """The best similarity from the source's still face to the target's over points 17–67.

    `sized_by` says what keeps its size: the whole face, or the distances of the eyes, which differ least among people.
    """
    first, second = source.still[list(FACE)], target.still[list(FACE)]
    left, _, right = np.linalg.svd((first - first.mean(0)).T @ (second - second.mean(0)))
    signs = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ signs @ right
    sizing = list(FACE if sized_by == "face" else EYE_CORNERS)
    turned, wanted = source.still[sizing] @ rotation, target.still[sizing]
    middle, centre = turned.mean(0), wanted.mean(0)
    scale = float(((turned - middle) * (wanted - centre)).sum() / ((turned - middle) ** 2).sum())
    return Way(scale, rotation, centre - scale * middle)


def retarget(
    points: np.ndarray,
    source: Shape,
    target: Shape,
    *,
    way: Way,
    lips: float,
    mouth: float,
    eyes: float,
) -> np.ndarray:
    """68 points (pixels) of a target's face as those of the source's face doing the same.

    `lips` is how far the target's points have the mouth open, `mouth` how far the source's shall. The difference of the
    two models is added to the points, so what the models do not know of this expression stays. With one person on both
    sides, and lips as open as they shall be, the points come back unchanged.
    """
    placing = place(points, target.still)
    moved = way.scale * deformed(source, mouth=mouth, eyes=eyes) @ way.rotation_33 + way.shift
    difference = moved - deformed(target, mouth=lips, eyes=eyes)
    return np.asarray(points + placing.scale * difference @ placing.rotation_23.T)
