"""The preview sheet: performance, what was painted, and a simple composite, a column a face."""

import cv2
import numpy as np

from understudy.facesets import FaceSet
from understudy.geometry import compose_affine, invert_affine
from understudy.model import FaceModel, Painted

COLUMNS = 8


def preview_sheet(model: FaceModel, faces: FaceSet) -> np.ndarray:
    """An RGB uint8 sheet of three rows for up to eight of the faces, evenly spread over them."""
    shown = faces.select(np.unique(np.linspace(0, len(faces) - 1, COLUMNS).round().astype(int)))
    painted = model.paint(shown)
    columns = [_column(shown, painted, index) for index in range(len(shown))]
    return np.hstack(columns)


def _column(faces: FaceSet, painted: Painted, index: int) -> np.ndarray:
    performance = faces.pixels_NHWC[index]
    place = compose_affine(
        faces.crop_from_frame_N23[index].astype(float),
        invert_affine(painted.crop_from_frame_N23[index].astype(float)),
    )
    side = performance.shape[0]
    patch = _laid(painted.patches_NHWC[index], place, side)
    alpha = _laid(painted.alpha_NHW[index], place, side)[..., None] / 255
    return np.vstack([performance, patch, _blend(performance, patch, alpha)])


def _laid(picture: np.ndarray, place: np.ndarray, side: int) -> np.ndarray:
    mode = cv2.BORDER_REPLICATE if picture.ndim == 3 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(picture, place, (side, side), flags=cv2.INTER_LINEAR, borderMode=mode))


def _blend(performance: np.ndarray, patch: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The patch over the performance, its mean colour moved to what it covers."""
    weight = max(float(alpha.sum()), 1e-6)
    shift = ((performance.astype(float) - patch) * alpha).sum((0, 1)) / weight
    mixed = performance * (1 - alpha) + (patch + shift) * alpha
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
