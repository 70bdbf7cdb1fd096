"""Face sets: the aligned faces a model learns from and paints, cut the same way for training and for swapping."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from understudy.geometry import CROP_COVERAGE, CROP_RESOLUTION_PX, apply_affine, fit_crop, scale_of
from understudy.images import decode_png
from understudy.masks import face_mask
from understudy.tables import CROPS, affines_of, is_kept, points_of, read_table


@dataclass(frozen=True)
class FaceSet:
    """N aligned faces of one person, in order of clip, frame, face.

    pixels_NHWC  uint8 RGB (N, S, S, 3), at CROP_COVERAGE mean face boxes; S is the `side_px`
    mask_NHW     uint8 (N, S, S), soft hull of the face including the brows
    points_N2    float32 (N, 68, 2), landmarks in pixels of the crop
    pose_N3      float32 (N, 3), yaw, pitch, roll in degrees
    crop_from_frame_N23  float32 (N, 2, 3)
    clips, frames, faces the rows' keys; splits: train, validation or test, None for faces that were not curated
    """

    person: str
    clips: tuple[str, ...]
    frames: tuple[int, ...]
    faces: tuple[int, ...]
    splits: tuple[str | None, ...]
    pixels_NHWC: np.ndarray
    mask_NHW: np.ndarray
    points_N2: np.ndarray
    pose_N3: np.ndarray
    crop_from_frame_N23: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def side_px(self) -> int:
        """Side of the crops."""
        return int(self.pixels_NHWC.shape[1])

    def select(self, indices: Sequence[int] | np.ndarray) -> "FaceSet":
        """The faces at `indices`, in that order."""
        chosen = [int(index) for index in indices]
        return FaceSet(
            self.person,
            tuple(self.clips[index] for index in chosen),
            tuple(self.frames[index] for index in chosen),
            tuple(self.faces[index] for index in chosen),
            tuple(self.splits[index] for index in chosen),
            self.pixels_NHWC[chosen],
            self.mask_NHW[chosen],
            self.points_N2[chosen],
            self.pose_N3[chosen],
            self.crop_from_frame_N23[chosen],
        )

    def split(self, name: str) -> "FaceSet":
        """The faces of one split: train, validation or test."""
        return self.select([index for index, split in enumerate(self.splits) if split == name])


@dataclass(frozen=True)
class Cut:
    """One face cut out of a frame: pixels (S, S, 3) uint8, mask (S, S) uint8, points (68, 2) in crop pixels."""

    pixels: np.ndarray
    mask: np.ndarray
    points: np.ndarray
    crop_from_frame: np.ndarray


def cut_face(
    image: np.ndarray,
    points: np.ndarray,
    *,
    resolution_px: int = CROP_RESOLUTION_PX,
    coverage: float = CROP_COVERAGE,
) -> Cut:
    """The upright crop around 68 `points` of an RGB uint8 frame, with its soft mask.

    Pixels beyond the frame repeat its border. A face larger than the crop is reduced with an area filter.
    """
    crop_from_frame = fit_crop(points, resolution_px=resolution_px, coverage=coverage)
    cropped_points = apply_affine(crop_from_frame, np.asarray(points, float)).astype(np.float32)
    pixels = warp_crop(image, crop_from_frame, resolution_px=resolution_px)
    mask = face_mask(cropped_points, resolution_px=resolution_px)
    return Cut(pixels, mask, cropped_points, crop_from_frame.astype(np.float32))


def warp_crop(image: np.ndarray, crop_from_frame: np.ndarray, *, resolution_px: int) -> np.ndarray:
    """`image` resampled into a square crop: cubic when enlarging, oversampled and area-averaged when reducing."""
    scale = scale_of(crop_from_frame)
    factor = int(np.clip(np.ceil(0.8 / scale), 1, 8))
    matrix_ = np.asarray(crop_from_frame, float) * factor
    matrix_[:, 2] += (factor - 1) / 2
    side = resolution_px * factor
    mode = cv2.INTER_CUBIC if factor == 1 else cv2.INTER_LINEAR
    warped = cv2.warpAffine(image, matrix_, (side, side), flags=mode, borderMode=cv2.BORDER_REPLICATE)
    if factor == 1:
        return warped
    return cv2.resize(warped, (resolution_px, resolution_px), interpolation=cv2.INTER_AREA)


def read_face_set(path: Path, person: str) -> FaceSet:
    """The kept faces of a crops table as a FaceSet of `person`; rows that were left out are not in it."""
    table = read_table(path, CROPS)
    return _from_rows(table.filter(pa.array(is_kept(table))), person)


def _from_rows(rows: pa.Table, person: str) -> FaceSet:
    crops = affines_of(rows)
    points = points_of(rows)
    moved = [apply_affine(crop.astype(float), face.astype(float)) for crop, face in zip(crops, points, strict=True)]
    pose = np.column_stack([rows.column(name).to_numpy() for name in ("yaw_deg", "pitch_deg", "roll_deg")])
    side = CROP_RESOLUTION_PX
    pixels = [decode_png(value) for value in rows.column("pixels").to_pylist()]
    masks = [decode_png(value) for value in rows.column("mask").to_pylist()]
    return FaceSet(
        person,
        tuple(rows.column("clip").to_pylist()),
        tuple(rows.column("frame").to_pylist()),
        tuple(rows.column("face").to_pylist()),
        tuple(rows.column("split").to_pylist()),
        np.stack(pixels) if pixels else np.zeros((0, side, side, 3), np.uint8),
        np.stack(masks) if masks else np.zeros((0, side, side), np.uint8),
        np.asarray(moved, np.float32).reshape(-1, 68, 2),
        pose.astype(np.float32).reshape(-1, 3),
        crops,
    )
