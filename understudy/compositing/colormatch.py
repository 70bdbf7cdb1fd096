"""The painted face in the target's colours and light.

Both faces are compared as ratios of linear light, in logarithms, on skin alone: a ratio is what another light or
another complexion does to a face, so freckles and shadows keep their relative depth. Brows, eyes and mouth are left
out, and of the rest the outliers (beard, strands of hair, highlights). The mean ratio per channel is the colour, the
smooth rest of the luminance's ratio is the light. Against the true swap of drawn actors this is within .2 dB of the
usual shift in CIELAB, and what it does to pale skin in a dark scene is what the renderer does.
"""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.color import linear_from_coded, luminance
from understudy.compositing.faces import PaintedFace, Region
from understudy.compositing.skin import hull_mask, skin_mask
from understudy.facesets import warp_crop
from understudy.geometry import (
    LEFT_EYE,
    OUTER_MOUTH,
    RIGHT_EYE,
    apply_affine,
    compose_affine,
    fit_crop,
    invert_affine,
)

RESOLUTION_PX = 64  # of the small pictures that are compared
COVERAGE = 1.6  # their side, in face sides
GRID = 16  # of the light field that is kept
FLOOR = 0.004  # added to linear light before the logarithm: deep shadow has no ratio worth keeping
LIGHT_RANGE = 0.7  # largest logarithm of the light's ratio that is believed (a factor of two)
OUTLIER = 2.5  # how many robust deviations from the median still count as skin


class SkinRatio(NamedTuple):
    """How the target's skin differs from the painted one, as logarithms of ratios of linear light.

    color (3,) float32, light (GRID, GRID) float32 in an upright crop of COVERAGE face sides around the target's points.
    """

    color: np.ndarray
    light: np.ndarray


def measure_ratio(image: np.ndarray, painted: PaintedFace, *, softness: float) -> SkinRatio:
    """The SkinRatio of one face in its RGB uint8 frame; `softness` is the light's blur in face sides.

    No skin in view, as behind a hand, gives no change at all.
    """
    crop_from_frame = fit_crop(painted.points, resolution_px=RESOLUTION_PX, coverage=COVERAGE)
    crop_from_patch = compose_affine(crop_from_frame, invert_affine(painted.crop_from_frame))
    target = linear_from_coded(warp_crop(image, crop_from_frame, resolution_px=RESOLUTION_PX))
    paint = linear_from_coded(warp_crop(painted.patch, crop_from_patch, resolution_px=RESOLUTION_PX))
    skin = _skin(painted, crop_from_frame, crop_from_patch)
    ratio = np.log(target + FLOOR) - np.log(paint + FLOOR)
    skin = skin & _is_typical(ratio, skin)
    if not skin.any():
        return SkinRatio(np.zeros(3, np.float32), np.zeros((GRID, GRID), np.float32))
    brightness = np.log(luminance(target) + FLOOR) - np.log(luminance(paint) + FLOOR)
    light = _smooth(brightness - brightness[skin].mean(), skin, sigma_px=softness * RESOLUTION_PX / COVERAGE)
    light = cv2.resize(np.clip(light, -LIGHT_RANGE, LIGHT_RANGE), (GRID, GRID), interpolation=cv2.INTER_AREA)
    return SkinRatio(ratio[skin].mean(0).astype(np.float32), light.astype(np.float32))


def match_color(
    face: np.ndarray,
    ratio: SkinRatio,
    *,
    points: np.ndarray,
    painted_points: np.ndarray,
    region: Region,
    light: float,
    eyes: float,
    lips: float,
) -> np.ndarray:
    """A painted face (linear light, float32 (H, W, 3), in `region`) in the target's colours and light.

    `points` and `painted_points` (68, 2) are the target's and the painted face's landmarks in frame pixels.
    `light` is the share of the light field that is taken on; `eyes` and `lips` are the shares of the colour that eyes
    and lips take: they have colours of their own.
    """
    crop_from_region = region.local_transform(fit_crop(points, resolution_px=GRID, coverage=COVERAGE))
    height, width = face.shape[:2]
    field = cv2.warpAffine(
        ratio.light,
        crop_from_region,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    share = _color_share(region.local(painted_points), (height, width), eyes=eyes, lips=lips)
    gain = np.exp(ratio.color[None, None] * share[..., None] + light * field[..., None])
    return (face * gain).astype(np.float32)


def _skin(painted: PaintedFace, crop_from_frame: np.ndarray, crop_from_patch: np.ndarray) -> np.ndarray:
    """Pixels of the small picture that are skin in both faces: boolean (S, S)."""
    shape = (RESOLUTION_PX, RESOLUTION_PX)
    stands = cv2.warpAffine(painted.alpha, crop_from_patch, shape, flags=cv2.INTER_LINEAR) > 200
    both = [
        skin_mask(apply_affine(crop_from_frame, points), shape=shape)
        for points in (painted.points, painted.painted_points)
    ]
    return stands & both[0] & both[1]


def _is_typical(ratio: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Where no channel's ratio lies beyond OUTLIER robust deviations of the skin's median: boolean (S, S)."""
    if not skin.any():
        return skin
    away = np.abs(ratio - np.median(ratio[skin], axis=0))
    deviation = 1.4826 * np.median(away[skin], axis=0) + 0.02
    return (away <= OUTLIER * deviation).all(-1)


def _smooth(values: np.ndarray, where: np.ndarray, *, sigma_px: float) -> np.ndarray:
    """`values` blurred over the pixels `where`; far from all of them it fades to 0."""
    weight = where.astype(np.float32)
    blurred = cv2.GaussianBlur(values.astype(np.float32) * weight, (0, 0), sigma_px)
    return blurred / (cv2.GaussianBlur(weight, (0, 0), sigma_px) + 0.02)


def _color_share(points: np.ndarray, shape: tuple[int, int], *, eyes: float, lips: float) -> np.ndarray:
    """The share of the colour that each pixel takes: float32 (H, W), 1 on skin."""
    side_px = float(np.linalg.norm(points[45] - points[36]))
    share = np.ones(shape, np.float32)
    for feature, part in ((LEFT_EYE, eyes), (RIGHT_EYE, eyes), (OUTER_MOUTH, lips)):
        mask = hull_mask(points[list(feature)], shape=shape)
        soft = cv2.GaussianBlur(mask, (0, 0), max(0.012 * side_px, 0.5)).astype(np.float32) / 255
        share *= 1 - (1 - part) * soft
    return share
