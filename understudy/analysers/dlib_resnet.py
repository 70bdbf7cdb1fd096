"""Whom a face looks like: dlib's 128-number descriptor (a ResNet of 29 layers, King 2017).

Euclidean distance, never normalised. Same person: median .28, 99th percentile .58; others: 1st percentile .515.
75 ms of CPU a face; batches are no cheaper, and dlib holds the interpreter's lock, so that only processes help.
"""

import importlib.metadata
from functools import cache

import dlib
import numpy as np

from understudy.analysis import Maker
from understudy.facesets import warp_crop
from understudy.geometry import MEAN_51, fit_similarity
from understudy.weights import Weights, installed_weights

WEIGHTS = Weights(
    "dlib_face_recognition_resnet_model_v1.dat",
    "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
)
CHIP_PX = 150  # what the network was trained on
CHIP_PADDING = 0.25  # on each side of the mean face box, in sides of it
_STEADY = np.array([*range(27, 55), *range(60, 68)]) - 17  # neither jaw nor brows nor lower lip: they move


def made_by() -> Maker:
    """The back end, for a table's metadata."""
    return Maker("dlib_resnet", importlib.metadata.version("dlib-bin"), WEIGHTS.sha256)


def cut_chip(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The aligned face the network looks at, RGB uint8 (150, 150, 3), from 68 points in an RGB uint8 frame."""
    wanted = (CHIP_PADDING + MEAN_51) / (1 + 2 * CHIP_PADDING) * CHIP_PX
    chip_from_frame = fit_similarity(np.asarray(points[17:], float)[_STEADY], wanted[_STEADY])
    return np.ascontiguousarray(warp_crop(image, chip_from_frame, resolution_px=CHIP_PX))


def describe(chip: np.ndarray) -> np.ndarray:
    """The raw descriptor of a chip, float32 (128,)."""
    return np.asarray(_network().compute_face_descriptor(chip), np.float32)


@cache
def _network() -> dlib.face_recognition_model_v1:
    return dlib.face_recognition_model_v1(str(installed_weights(WEIGHTS, package="face_recognition_models")))
