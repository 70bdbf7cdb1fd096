"""Faces by dlib's frontal detector (HOG and a linear SVM over five views); no weights besides the library's own.

It sees faces from about 80 pixels, so a frame is searched at a known scale and again enlarged when nothing was found.
It finds no profiles. Measured: recall 1.0 on 18 clips of one person; 27 ms a full search, 113 ms enlarged, 10 ms where
a face is followed.
"""

import importlib.metadata

import cv2
import dlib
import numpy as np
from pydantic import Field

from understudy.analysis import Detection, Maker
from understudy.analysis import Search as Found
from understudy.params import Settings

FOLLOWED_FACE_PX = 110.0  # what a followed face is scaled to: comfortably above the detector's 80 px window
FOLLOWED_SIDES = 3.0  # side of the crop in which a followed face is searched, in sides of its last box


class SearchSettings(Settings):
    """How a frame is searched."""

    longest_side_px: int = Field(ge=160, le=4096)
    """Frames are reduced to this before a full search. Higher finds smaller faces (a face needs about 80 px, 40 px
    where `upsample` is 1) and costs its square: 960 takes 27 ms a frame."""
    upsample: int = Field(ge=0, le=2)
    """How often a frame in which nothing was found is enlarged twofold and searched again; each time costs fourfold."""
    min_score: float = Field(ge=-1, le=3)
    """Detections below are dropped. 0 is dlib's own threshold; -0.2 also finds turned heads and more that is no face,
    which the landmarks' spread then has to reject."""


class Detector:
    """dlib's detector; one per thread, it keeps state while it searches."""

    def __init__(self, settings: SearchSettings) -> None:
        self.settings = settings
        self.maker = Maker("dlib_hog", importlib.metadata.version("dlib-bin"), "part of the library")
        self._detector = dlib.get_frontal_face_detector()

    def search(self, image: np.ndarray) -> list[Detection]:
        """All faces of an RGB uint8 frame, enlarged step by step until there is one; from left to right."""
        scale = min(1.0, self.settings.longest_side_px / max(image.shape[:2]))
        reduced = _resized(image, scale)
        for upsample in range(self.settings.upsample + 1):
            found = self._run(reduced, upsample=upsample, search="upsampled" if upsample else "full")
            if found:
                return [_moved(face, scale=scale, offset=np.zeros(2)) for face in found]
        return []

    def follow(self, image: np.ndarray, box_xyxy: np.ndarray) -> list[Detection]:
        """The faces around where one was in the frame before, from left to right; empty when it is lost."""
        width = float(box_xyxy[2] - box_xyxy[0])
        scale = FOLLOWED_FACE_PX / width
        corner, crop = _neighbourhood(image, box_xyxy, reach_px=FOLLOWED_SIDES / 2 * width)
        if min(crop.shape[:2]) * scale < FOLLOWED_FACE_PX / 2:
            return []
        found = self._run(_resized(crop, scale), upsample=0, search="track")
        return [_moved(face, scale=scale, offset=corner) for face in found]

    def _run(self, image: np.ndarray, *, upsample: int, search: Found) -> list[Detection]:
        # dlib answers "nothing" to an array that is not contiguous, without a word
        boxes, scores, _ = self._detector.run(np.ascontiguousarray(image), upsample, self.settings.min_score)
        found = [Detection(_as_array(box), score, search) for box, score in zip(boxes, scores, strict=True)]
        return sorted(found, key=lambda face: tuple(face.box_xyxy))


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return image
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    side_px = [max(1, round(length * scale)) for length in image.shape[1::-1]]
    return cv2.resize(image, side_px, interpolation=mode)


def _neighbourhood(image: np.ndarray, box_xyxy: np.ndarray, *, reach_px: float) -> tuple[np.ndarray, np.ndarray]:
    """The part of `image` within `reach_px` of the box's middle: its top left pixel (x, y), and the pixels."""
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2
    limit = np.array(image.shape[1::-1])
    low = np.clip(np.round(middle - reach_px), 0, limit).astype(int)
    high = np.clip(np.round(middle + reach_px), low, limit).astype(int)
    return low, image[low[1] : high[1], low[0] : high[0]]


def _as_array(box: dlib.rectangle) -> np.ndarray:
    # dlib counts whole pixels, both ends included; the edges lie half a pixel outside
    return np.array([box.left() - 0.5, box.top() - 0.5, box.right() + 0.5, box.bottom() + 0.5])


def _moved(face: Detection, *, scale: float, offset: np.ndarray) -> Detection:
    box = (face.box_xyxy + 0.5) / scale - 0.5 + np.tile(offset, 2)
    return face._replace(box_xyxy=box)
