"""Soft masks from landmarks: which pixels are face."""

import cv2
import numpy as np

BROW_MARGIN = 0.25  # how far above the brows the mask reaches, in lengths of the nose bridge-to-base line
SOFTNESS = 0.012  # standard deviation of the mask's edge, in sides of the crop


def face_mask(points: np.ndarray, *, resolution_px: int, brow_margin: float = BROW_MARGIN) -> np.ndarray:
    """The convex hull of 68 points with the brows raised by `brow_margin`, softened: uint8 (S, S), 255 inside."""
    hull = fill_hull(extended_points(points, brow_margin=brow_margin), resolution_px=resolution_px)
    return cv2.GaussianBlur(hull, (0, 0), SOFTNESS * resolution_px)


def extended_points(points: np.ndarray, *, brow_margin: float) -> np.ndarray:
    """`points` (68, 2) followed by the ten brow points moved up along the nose's axis."""
    up = points[27] - points[33]
    return np.vstack([points, points[17:27] + up * brow_margin])


def fill_hull(points: np.ndarray, *, resolution_px: int) -> np.ndarray:
    """The filled convex hull of `points` with an antialiased edge: uint8 (S, S), 0 or 255 away from the edge."""
    mask = np.zeros((resolution_px, resolution_px), np.uint8)
    corners = cv2.convexHull(np.round(np.asarray(points) * 16).astype(np.int32))
    cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_AA, 4)
    return mask
