"""Where the painted face covers the frame: 0 to 1, soft at the edge.

Inside the face the edge is soft, for skin meets skin. At the target's own outline it is crisp and follows the picture,
or cheeks would hang in the air. In between, the target's own features are covered, or double brows would show.
"""

import cv2
import numpy as np

from understudy.compositing.faces import PaintedFace, Region, patch_in_region
from understudy.compositing.silhouette import snap_to_picture
from understudy.compositing.skin import disc, hull_mask
from understudy.geometry import JAW, LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from understudy.masks import extended_points

FOREHEAD = 0.45  # how far above the brows the target's own outline reaches, in lengths of the nose
FEATURE_BROWS = 0.12  # how far above the brows the features reach, in lengths of the nose
FEATURE_MARGIN = 0.04  # how far around the features the cover reaches, in face sides
BROW_ENDS = 1.0  # how far brows run on beyond their last landmark, in distances of the last two
PART_MARGIN = 0.05  # how far around brows and eyes the landmarks decide, in face sides
PART_INSET = 0.02  # but no further out than this within the outline
OUTLINE_FEATHER = 0.008  # softness of the edge at the outline, in face sides
FAINTEST = 1 / 512  # less would change no code, only touch pixels
PATCH_RIM = 2  # outermost pixels of a patch that are never shown


def paste_matte(
    behind: np.ndarray,
    painted: PaintedFace,
    *,
    points: np.ndarray,
    region: Region,
    side_px: float,
    reach: float,
    erode: float,
    feather: float,
) -> np.ndarray:
    """The matte inside `region`, float32 (H, W) 0-1; all zero where the model stands by nothing.

    `behind` is the region's picture, coded float32 (H, W, 3); `points` (68, 2) are the target's landmarks as it shows
    them (after the outline was moved). Lengths are in face sides of `side_px` frame pixels: `reach` how far beyond the
    model's alpha the paint is used, `erode` how far its edge is drawn in, `feather` the edge's standard deviation.
    """
    rim = _rim(painted.alpha)
    alpha = _placed(painted.alpha.astype(np.float32) / 255 * rim, painted, region)
    if not painted.alpha.any():
        return np.zeros_like(alpha)
    local = region.local(points)
    cover = hull_mask(_features(local), shape=alpha.shape)
    cover = cv2.dilate(cover, disc((FEATURE_MARGIN + erode) * side_px)).astype(np.float32) / 255
    cover = np.maximum(cover, cv2.dilate(alpha, disc(reach * side_px)))
    cover = np.minimum(cover, _placed(rim, painted, region))
    inner = _soft(cv2.erode(cover, disc(erode * side_px)), feather * side_px)
    matte = inner * _outline(behind, local, side_px=side_px)
    return np.where(matte < FAINTEST, 0, np.minimum(matte, 1)).astype(np.float32)


def _outline(behind: np.ndarray, points: np.ndarray, *, side_px: float) -> np.ndarray:
    """The target's own face, crisp where the picture shows its edge; around brows and eyes as the landmarks say.

    A dark brow at the rim looks like the hair beyond it: there the picture must not decide.
    """
    shape = behind.shape[:2]
    forehead = extended_points(points, brow_margin=FOREHEAD)
    hull = hull_mask(np.vstack([forehead, *_brows(points)]), shape=shape).astype(np.float32) / 255
    seen = np.minimum(snap_to_picture(hull, behind, side_px=side_px), hull)
    parts = np.zeros(shape, np.uint8)
    for part in (*_brows(points), points[list(LEFT_EYE)], points[list(RIGHT_EYE)]):
        parts = np.maximum(parts, hull_mask(part, shape=shape))
    drawn = cv2.dilate(parts, disc(PART_MARGIN * side_px)).astype(np.float32) / 255
    drawn = np.minimum(drawn, cv2.erode(hull, disc(PART_INSET * side_px)))
    softness_px = OUTLINE_FEATHER * side_px
    return np.maximum(_soft(seen, softness_px), _soft(drawn, 2 * softness_px))


def _features(points: np.ndarray) -> np.ndarray:
    """Brows with their ends, eyes, nose and mouth, a little more than their landmarks."""
    return np.vstack([extended_points(points, brow_margin=FEATURE_BROWS)[len(JAW) :], *_brows(points)])


def _brows(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both brows, six points each: the landmarks stop short of the outer ends."""
    left, right = points[list(LEFT_BROW)], points[list(RIGHT_BROW)]
    left_end = left[0] + BROW_ENDS * (left[0] - left[1])
    right_end = right[-1] + BROW_ENDS * (right[-1] - right[-2])
    return np.vstack([left, left_end]), np.vstack([right, right_end])


def _soft(mask: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(mask, (0, 0), max(sigma_px, 0.3))


def _placed(mask: np.ndarray, painted: PaintedFace, region: Region) -> np.ndarray:
    placed = patch_in_region(mask, painted.crop_from_frame, region=region, border=cv2.BORDER_CONSTANT)
    return np.clip(placed, 0, 1)


def _rim(alpha: np.ndarray) -> np.ndarray:
    inside = np.zeros(alpha.shape, np.float32)
    inside[PATCH_RIM:-PATCH_RIM, PATCH_RIM:-PATCH_RIM] = 1
    return inside
