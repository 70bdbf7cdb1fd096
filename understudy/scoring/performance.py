"""Whether a performance was kept: pose, mouth, eyes and calm of N faces against those of the target's clip.

Points are (N, 68, 2) in frame pixels, NaN where no face was seen.
"""

import numpy as np

from understudy.geometry import estimate_pose, eye_distance
from understudy.scoring.likeness import mean

STEADY = slice(27, 68)  # nose, eyes and mouth: jaws are read unsteadily in every face, brows where they are fair
FEWEST = 3  # values of which a correlation says anything


def poses(points_N682: np.ndarray) -> np.ndarray:
    """Yaw, pitch and roll in degrees, (N, 3)."""
    rows = [estimate_pose(face)[:3] if np.isfinite(face).all() else (np.nan,) * 3 for face in points_N682.astype(float)]
    return np.asarray(rows, float).reshape(-1, 3)


def pose_offset(poses_N3: np.ndarray, wanted_N3: np.ndarray) -> np.ndarray:
    """The steady difference of yaw, pitch and roll in degrees (3,), which is the reading's: every shape has its own.

    Measured: a faithful swap of another face is read 3 degrees aside all the time, as the true swap is.
    """
    known = np.isfinite(poses_N3).all(1) & np.isfinite(wanted_N3).all(1)
    return np.median((poses_N3 - wanted_N3)[known], axis=0) if known.any() else np.full(3, np.nan)


def turn_error(poses_N3: np.ndarray, wanted_N3: np.ndarray) -> float:
    """Mean angle in degrees by which heads must be turned to stand as wanted."""
    return mean(np.array([_angle_between(*pair) for pair in zip(poses_N3, wanted_N3, strict=True)]))


def correlation(values: np.ndarray, wanted: np.ndarray) -> float:
    """Pearson's correlation over the faces seen in both; NaN where one of them never changes."""
    known = np.isfinite(values) & np.isfinite(wanted)
    pair = np.asarray(values, float)[known], np.asarray(wanted, float)[known]
    if known.sum() < FEWEST or any(np.ptp(one) < 1e-9 for one in pair):
        return float("nan")
    return float(np.corrcoef(*pair)[0, 1])


def jitter(points_N682: np.ndarray, frames: np.ndarray) -> float:
    """Mean size of the second difference in time of nose, eyes and mouth, in percent of the outer-eye distance.

    `frames` (N,) are the frame numbers, ascending; only three frames in a row have a second difference. A head that
    moves evenly has none, one that trembles has much.
    """
    if len(frames) < 3:
        return float("nan")
    in_a_row = (np.diff(frames)[1:] == 1) & (np.diff(frames)[:-1] == 1)
    bends = points_N682[2:] - 2 * points_N682[1:-1] + points_N682[:-2]
    sizes = np.sqrt((bends[:, STEADY] ** 2).sum(-1).mean(-1)) / eye_distance(points_N682[1:-1])
    return 100 * mean(sizes[in_a_row])


def _angle_between(first: np.ndarray, second: np.ndarray) -> float:
    cosine = (np.trace(_rotation(first) @ _rotation(second).T) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _rotation(pose_deg: np.ndarray) -> np.ndarray:
    """The rotation with these yaw, pitch and roll, as `estimate_pose` reads them: (3, 3)."""
    yaw, pitch, roll = np.radians(pose_deg)
    third = np.array([-np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    level = np.cross(np.array([0.0, 1.0, 0.0]), third)
    level /= np.linalg.norm(level)
    upright = np.cross(third, level)
    first, second = (np.cos(roll) * level - np.sin(roll) * upright, np.sin(roll) * level + np.cos(roll) * upright)
    return np.array([first, second, third])
