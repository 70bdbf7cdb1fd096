"""Where the painted face is drawn from, where it ends, and where it moves the frame's own outline."""

import cv2
import numpy as np

from understudy.geometry import LEFT_EYE, OUTER_MOUTH, RIGHT_EYE
from understudy.masks import SOFTNESS, fill_hull

JAW_SHRINK = 0.12  # how far the jaw's points are drawn towards the nose tip, where they would catch background
MOVED_JAW = tuple(range(2, 15))
_WEIGHTS = np.interp(np.arange(17), [0, 2, 4, 6, 10, 12, 14, 16], [0, 0.3, 0.8, 1, 1, 0.8, 0.3, 0])


def painted_mask(points: np.ndarray, *, resolution_px: int, brow_margin: float, jaw_shrink: float) -> np.ndarray:
    """The soft hull of a face a little within its jaw, with the brows raised: uint8 (S, S)."""
    up = points[27] - points[33]
    jaw = points[2:15] + (points[30] - points[2:15]) * jaw_shrink
    hull = fill_hull(np.vstack([points[17:68], points[17:27] + up * brow_margin, jaw]), resolution_px=resolution_px)
    return cv2.GaussianBlur(hull, (0, 0), SOFTNESS * resolution_px)


def features_mask(points: np.ndarray, *, resolution_px: int) -> np.ndarray:
    """Soft hulls of both eyes and the mouth: uint8 (S, S)."""
    hulls = [fill_hull(points[list(part)], resolution_px=resolution_px) for part in (LEFT_EYE, RIGHT_EYE, OUTER_MOUTH)]
    return cv2.GaussianBlur(np.maximum.reduce(hulls), (0, 0), SOFTNESS * resolution_px)


def moved_outline(target_points: np.ndarray, painted_points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Jaw points of the frame and where the painted face wants them, both (13, 2): less towards the ears."""
    jaw = list(MOVED_JAW)
    shift = (painted_points - target_points)[jaw] * _WEIGHTS[jaw, None]
    return target_points[jaw], target_points[jaw] + shift
