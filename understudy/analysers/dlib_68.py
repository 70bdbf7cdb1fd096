"""68 landmarks by dlib's regression trees (Kazemi and Sullivan 2014, trained on iBUG 300-W, whose licence excludes
commercial use).

One fit jitters with its box and answers in whole pixels. A landmark here is the mean of several fits on slightly
different boxes inside an enlarged crop; how far the fits lie apart (`spread`) says honestly how sure they are.
"""

import importlib.metadata

import dlib
import numpy as np

from understudy.analysis import Maker
from understudy.facesets import warp_crop
from understudy.geometry import apply_affine, invert_affine
from understudy.weights import Weights, installed_weights

WEIGHTS = Weights(
    "shape_predictor_68_face_landmarks.dat",
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
)
FACE_PX = 256  # width of a detector's box in the crop that is fitted
CROP_SIDES = 2.0  # side of that crop, in widths of the box


class Landmarks:
    """dlib's 68-point predictor, loaded once."""

    def __init__(self) -> None:
        self._predict = dlib.shape_predictor(str(installed_weights(WEIGHTS, package="face_recognition_models")))
        self.maker = Maker("dlib_68", importlib.metadata.version("dlib-bin"), WEIGHTS.sha256)

    def fit_boxes(self, image: np.ndarray, boxes_N4: np.ndarray) -> np.ndarray:
        """The 68 points of one face for each of N similar boxes, float64 (N, 68, 2), in pixels of `image`."""
        crop_from_frame = _crop_around(boxes_N4.mean(0))
        crop = np.ascontiguousarray(warp_crop(image, crop_from_frame, resolution_px=round(FACE_PX * CROP_SIDES)))
        boxes = apply_affine(crop_from_frame, boxes_N4.reshape(-1, 2, 2)).reshape(-1, 4)
        points = [[(point.x, point.y) for point in self._predict(crop, _rectangle(box)).parts()] for box in boxes]
        return apply_affine(invert_affine(crop_from_frame), np.asarray(points, float))


def _crop_around(box_xyxy: np.ndarray) -> np.ndarray:
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2
    scale = FACE_PX / float(box_xyxy[2] - box_xyxy[0])
    centre = (round(FACE_PX * CROP_SIDES) - 1) / 2
    return np.array([[scale, 0, centre - scale * middle[0]], [0, scale, centre - scale * middle[1]]])


def _rectangle(box_xyxy: np.ndarray) -> dlib.rectangle:
    left, top, right, bottom = box_xyxy
    return dlib.rectangle(round(left + 0.5), round(top + 0.5), round(right - 0.5), round(bottom - 0.5))
