"""Where the painted face covers the frame: 0 to 1, soft at the edge.

Three claims are met in this order: the target's own features are covered, or double brows would show; nothing is
painted beyond the target's own outline, or cheeks would hang in the air; nothing is painted where the patch ends.
"""

import cv2
import numpy as np

from understudy.compositing.faces import PaintedFace, Region, patch_in_region
from understudy.compositing.skin import disc, hull_mask
from understudy.geometry import JAW
from understudy.masks import extended_points

FOREHEAD = 0.45  # how far above the brows the target's own outline reaches, in lengths of the nose
FEATURE_BROWS = 0.12  # how far above the brows the features reach, in lengths of the nose
FEATURE_MARGIN = 0.04  # how far around the features the cover reaches, in face sides
PATCH_RIM = 2  # outermost pixels of a patch that are never shown


def paste_matte(
    painted: PaintedFace, *, points: np.ndarray, region: Region, side_px: float, erode: float, feather: float
) -> np.ndarray:
    """The matte inside `region`, float32 (H, W) 0-1; all zero where the model stands by nothing.

    `points` (68, 2) are the target's landmarks as the frame now shows them (after the outline was moved); `erode` and
    `feather` (standard deviation of the edge) are in face sides of `side_px` frame pixels.
    """
    rim = _rim(painted.alpha)
    alpha = _placed(painted.alpha.astype(np.float32) / 255 * rim, painted, region)
    if not painted.alpha.any():
        return np.zeros_like(alpha)
    local = region.local(points)
    features = hull_mask(extended_points(local, brow_margin=FEATURE_BROWS)[len(JAW) :], shape=alpha.shape)
    features = cv2.dilate(features, disc((FEATURE_MARGIN + erode) * side_px)).astype(np.float32) / 255
    outline = hull_mask(extended_points(local, brow_margin=FOREHEAD), shape=alpha.shape).astype(np.float32) / 255
    covered = np.minimum(np.maximum(alpha, features), np.minimum(outline, _placed(rim, painted, region)))
    inner = cv2.erode(covered, disc(erode * side_px))
    return np.clip(cv2.GaussianBlur(inner, (0, 0), max(feather * side_px, 0.3)), 0, 1)


def _placed(mask: np.ndarray, painted: PaintedFace, region: Region) -> np.ndarray:
    placed = patch_in_region(mask, painted.crop_from_frame, region=region, border=cv2.BORDER_CONSTANT)
    return np.clip(placed, 0, 1)


def _rim(alpha: np.ndarray) -> np.ndarray:
    inside = np.zeros(alpha.shape, np.float32)
    inside[PATCH_RIM:-PATCH_RIM, PATCH_RIM:-PATCH_RIM] = 1
    return inside
