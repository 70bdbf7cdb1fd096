"""One painted face of a swaps table, and the part of the frame it concerns."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from understudy.geometry import fit_crop, invert_affine, scale_of


@dataclass(frozen=True)
class PaintedFace:
    """What a model painted over one face, as a row of the swaps table holds it.

    patch           uint8 RGB (P, P, 3); alpha uint8 (P, P), 255 where the model stands by its pixels
    crop_from_frame float (2, 3), from frame pixels to patch pixels
    points, painted_points  float (68, 2) in frame pixels: the target's landmarks, and those of the painted face
    outline_from, outline_to  float (K, 2) in frame pixels; K = 0 where the outline stays
    """

    frame: int
    face: int
    patch: np.ndarray
    alpha: np.ndarray
    crop_from_frame: np.ndarray
    points: np.ndarray
    painted_points: np.ndarray
    outline_from: np.ndarray
    outline_to: np.ndarray


class Region(NamedTuple):
    """A rectangle of whole frame pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def is_empty(self) -> bool:
        """Whether no pixel lies inside: the face is outside the frame."""
        return self.right <= self.left or self.bottom <= self.top

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The view of `image` inside the region."""
        return image[self.top : self.bottom, self.left : self.right]

    def local(self, points: np.ndarray) -> np.ndarray:
        """Frame points (..., 2) in the region's own pixels."""
        return points - np.array([self.left, self.top], float)

    def local_transform(self, crop_from_frame: np.ndarray) -> np.ndarray:
        """`crop_from_frame` as a transform from the region's own pixels."""
        matrix = np.array(crop_from_frame, float)
        matrix[:, 2] += matrix[:, :2] @ np.array([self.left, self.top], float)
        return matrix


def face_side_px(points: np.ndarray) -> float:
    """Side of the mean face box (brow line to lower lip) of 68 points, in frame pixels: the unit of all lengths."""
    return 1 / scale_of(fit_crop(points, resolution_px=1, coverage=1))


def region_around(points: np.ndarray, *, margin_px: float, image: np.ndarray) -> Region:
    """The part of the frame within `margin_px` of the box around `points`."""
    height, width = image.shape[:2]
    left, top = np.floor(points.min(0) - margin_px).astype(int)
    right, bottom = np.ceil(points.max(0) + margin_px).astype(int) + 1
    return Region(max(int(left), 0), max(int(top), 0), min(int(right), width), min(int(bottom), height))


def patch_in_region(patch: np.ndarray, crop_from_frame: np.ndarray, *, region: Region, border: int) -> np.ndarray:
    """A patch (float32, one or three channels) resampled into a region: cubic, free of aliases where it is reduced.

    `border` is the OpenCV border mode that continues the patch.
    """
    region_from_patch = invert_affine(region.local_transform(crop_from_frame))
    blur_px = 0.5 * np.sqrt(max(scale_of(region_from_patch) ** -2 - 1, 0))
    if blur_px > 0.2:
        patch = cv2.GaussianBlur(patch, (0, 0), blur_px)
    extent = (region.right - region.left, region.bottom - region.top)
    return cv2.warpAffine(patch, region_from_patch, extent, flags=cv2.INTER_CUBIC, borderMode=border)
