"""The preview sheet: performance, what was painted, and a simple composite, a column a face; below, the curves."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from understudy.curves import BACKGROUND, LEAST_WIDTH_PX, Row, training_curves
from understudy.facesets import FaceSet
from understudy.geometry import compose_affine, invert_affine
from understudy.model import FaceModel, Painted

COLUMNS = 8


class Laid(NamedTuple):
    """One face, RGB uint8 (S, S, 3), and over it: what was painted, its alpha (S, S), and a simple composite."""

    performance: np.ndarray
    patch: np.ndarray
    alpha: np.ndarray
    composite: np.ndarray


def preview_sheet(model: FaceModel, faces: FaceSet, history: Sequence[Row]) -> np.ndarray:
    """An RGB uint8 sheet: three rows for up to eight of the faces, evenly spread over them, and the history so far."""
    shown = faces.select(np.unique(np.linspace(0, len(faces) - 1, COLUMNS).round().astype(int)))
    painted = model.paint(shown)
    columns = [lay_over(shown, painted, index) for index in range(len(shown))]
    rows = [np.vstack([each.performance, each.patch, each.composite]) for each in columns]
    sheet = _widened(np.hstack(rows))
    return np.vstack([sheet, training_curves(history, width_px=sheet.shape[1])])


def lay_over(faces: FaceSet, painted: Painted, index: int) -> Laid:
    """What was painted for one of the faces, laid over it."""
    performance = faces.pixels_NHWC[index]
    place = compose_affine(
        faces.crop_from_frame_N23[index].astype(float),
        invert_affine(painted.crop_from_frame_N23[index].astype(float)),
    )
    side = performance.shape[0]
    patch = _laid(painted.patches_NHWC[index], place, side)
    alpha = _laid(painted.alpha_NHW[index], place, side)
    return Laid(performance, patch, alpha, _blend(performance, patch, alpha[..., None] / 255))


def _widened(sheet: np.ndarray) -> np.ndarray:
    """The sheet of a face or two, wide enough for the curves."""
    missing = max(LEAST_WIDTH_PX - sheet.shape[1], 0)
    return cv2.copyMakeBorder(sheet, 0, 0, 0, missing, cv2.BORDER_CONSTANT, value=BACKGROUND)


def _laid(picture: np.ndarray, place: np.ndarray, side: int) -> np.ndarray:
    mode = cv2.BORDER_REPLICATE if picture.ndim == 3 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(picture, place, (side, side), flags=cv2.INTER_LINEAR, borderMode=mode))


def _blend(performance: np.ndarray, patch: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The patch over the performance, its mean colour moved to what it covers."""
    weight = max(float(alpha.sum()), 1e-6)
    shift = ((performance.astype(float) - patch) * alpha).sum((0, 1)) / weight
    mixed = performance * (1 - alpha) + (patch + shift) * alpha
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
