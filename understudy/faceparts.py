"""Where a face's parts lie: soft masks of eyes and mouth from 68 landmarks."""

import cv2
import numpy as np

from understudy.geometry import LEFT_EYE, OUTER_MOUTH, RIGHT_EYE
from understudy.masks import SOFTNESS, fill_hull

REACH = 0.025  # how far around the landmarks' hulls, in sides of the crop


def eyes_mask(points: np.ndarray, *, resolution_px: int) -> np.ndarray:
    """Soft hulls of both eyes: uint8 (S, S)."""
    return _soft([points[list(LEFT_EYE)], points[list(RIGHT_EYE)]], resolution_px)


def mouth_mask(points: np.ndarray, *, resolution_px: int) -> np.ndarray:
    """The soft hull of the mouth: uint8 (S, S)."""
    return _soft([points[list(OUTER_MOUTH)]], resolution_px)


def _soft(hulls: list[np.ndarray], side: int) -> np.ndarray:
    filled = np.maximum.reduce([fill_hull(hull, resolution_px=side) for hull in hulls])
    reach = 2 * round(REACH * side) + 1
    wide = cv2.dilate(filled, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), SOFTNESS * side))
