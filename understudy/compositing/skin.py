"""Which pixels are skin, by landmarks: the face without brows, eyes and mouth."""

import cv2
import numpy as np

from understudy.geometry import LEFT_BROW, LEFT_EYE, OUTER_MOUTH, RIGHT_BROW, RIGHT_EYE
from understudy.masks import extended_points

BROW_MARGIN = 0.2  # how far above the brows skin is expected, in lengths of the nose
RIM = 0.06  # how far inside the outline skin begins, in outer-eye distances
FEATURE_MARGIN = 0.08  # how far around brows, eyes and mouth it ends, in outer-eye distances

_FEATURES = (LEFT_EYE, RIGHT_EYE, LEFT_BROW, RIGHT_BROW, OUTER_MOUTH)


def skin_mask(points: np.ndarray, *, shape: tuple[int, int]) -> np.ndarray:
    """The skin of a face with 68 `points` (in pixels of the picture) of (H, W) = `shape`: boolean (H, W)."""
    unit_px = float(np.linalg.norm(points[45] - points[36]))
    hull = hull_mask(extended_points(points, brow_margin=BROW_MARGIN), shape=shape)
    skin = cv2.erode(hull, disc(RIM * unit_px)) > 200
    features = np.zeros(shape, np.uint8)
    for feature in _FEATURES:
        features = np.maximum(features, hull_mask(points[list(feature)], shape=shape))
    return skin & (cv2.dilate(features, disc(FEATURE_MARGIN * unit_px)) < 50)


def hull_mask(points: np.ndarray, *, shape: tuple[int, ...]) -> np.ndarray:
    """The filled convex hull of `points` with an antialiased edge: uint8 (H, W), 0 or 255 away from the edge."""
    mask = np.zeros(shape, np.uint8)
    corners = cv2.convexHull(np.round(points * 16).astype(np.int32))
    cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_AA, 4)
    return mask


def disc(radius_px: float) -> np.ndarray:
    """A round structuring element; radius 0 is a single pixel."""
    side = 2 * round(radius_px) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
