"""Eyes that look further aside than the source's ever did: painted at the furthest look it showed, then moved on."""

import cv2
import numpy as np

from understudy.geometry import LEFT_EYE, RIGHT_EYE
from understudy.masks import fill_hull

MOST = 0.15  # of the eye's width: further no iris is moved
IRIS_WIDTH = 0.3  # standard deviation of what moves along with an iris, in widths of the eye
SOFTNESS = 0.03  # of the lids' edge, likewise


def look_on(patch: np.ndarray, points: np.ndarray, beyond: float) -> np.ndarray:
    """A uint8 patch (P, P, 3) whose irises have moved by `beyond` widths of the eye within the lids.

    `points` (70, 2) are 68 landmarks and the irises, in the patch's pixels.
    """
    side = len(patch)
    places = np.stack(np.meshgrid(*[np.arange(side, dtype=np.float32)] * 2), -1)
    from_there = places.copy()
    for eye, iris in ((LEFT_EYE, points[68]), (RIGHT_EYE, points[69])):
        along = points[eye[3]] - points[eye[0]]
        width = max(float(np.hypot(*along)), 1.0)
        shift = np.clip(beyond, -MOST, MOST) * along
        away = ((places - (iris + shift)) ** 2).sum(-1) / (IRIS_WIDTH * width) ** 2
        lids = cv2.GaussianBlur(fill_hull(points[list(eye)], resolution_px=side), (0, 0), SOFTNESS * width)
        share = np.minimum(1.5 * np.exp(-away / 2), 1) * lids / 255
        from_there -= (share[..., None] * shift).astype(np.float32)
    return np.asarray(cv2.remap(patch, from_there, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
