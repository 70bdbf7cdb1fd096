"""Which faces are worth learning from: quality gates, blocks of time that are held out, and near duplicates.

All functions look at the faces of one person in one clip, in order of frames.
"""

from collections.abc import Sequence
from typing import Literal, Self

import cv2
import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from understudy.facesets import Cut
from understudy.geometry import eye_distance
from understudy.params import Settings

Split = Literal["train", "validation", "test"]
MIN_BLOCKS = 5  # a clip with fewer blocks is for training alone
LOOK_PX = 24  # how small a face is made before two are compared


class CurationSettings(Settings):
    """Which faces become part of a face set, and in which split."""

    resolution_px: int = Field(ge=64, le=1280, multiple_of=2)
    """Side of the aligned crops, two face boxes (brow to lower lip) wide. What a model sees and paints is 1.6 boxes
    wide, so that 256 serves outputs up to 205 px, 320 those of 256, and 640 those of 512. More than the footage shows
    only takes room: a table grows with the square."""
    max_spread: float = Field(gt=0, le=1)
    """Landmarks less sure than this are left out; tighter than the gate of stage landmarks, for a model learns them."""
    min_eye_distance_px: float = Field(ge=0)
    """Smaller faces are left out: enlarged to the crop they teach blur. A crop of 256 px shows the eyes 76 px apart."""
    max_yaw_deg: float = Field(gt=0, le=180)
    """Heads turned further either way are left out; landmarks are guesses there."""
    max_pitch_deg: float = Field(gt=0, le=180)
    """Heads nodding further either way are left out. Every pose has a constant error of some 7 degrees."""
    min_sharpness: float = Field(ge=0, lt=1)
    """Faces less sharp than this share of the clip's median are left out: a blur of 1 % of the face's width is 0.12."""
    duplicate_points: float = Field(ge=0, lt=1)
    """Training faces are near duplicates when their landmarks differ by less than this (mean, in outer-eye distances)
    and `duplicate_look` holds too. 0 keeps all. At .004 and .006 a quarter of a talking
    head at rest goes, and nothing of a lively performance; landmarks of a still face differ by .003 to .006."""
    duplicate_look: float = Field(ge=0, lt=1)
    """... and when their pixels, reduced to 24 px, differ by less than this (root mean square, 0-1)."""
    validation: float = Field(ge=0, le=0.25)
    """Share of each clip's blocks that is held out to watch training."""
    test: float = Field(ge=0, le=0.25)
    """Share of each clip's blocks that is held out for scores."""
    block_frames: int = Field(ge=1)
    """Frames of a block of time. Longer blocks lose fewer frames to gaps; a short clip needs blocks short enough that
    there are ten or more."""
    gap_frames: int = Field(ge=0)
    """Faces this many frames or fewer from a held-out one are left out: neighbours are nearly the same picture."""

    @model_validator(mode="after")
    def _gap_within_block(self) -> Self:
        if self.gap_frames >= self.block_frames:
            raise ValueError(f"gap_frames {self.gap_frames} must be below block_frames {self.block_frames}")
        return self


def quality_problems(faces: pa.Table, *, settings: CurationSettings) -> list[str | None]:
    """Why each row of a landmarks table is not good enough; None where it is."""
    sharp_enough = settings.min_sharpness * float(np.median(faces.column("sharpness"))) if faces.num_rows else 0.0
    gates = (
        ("spread", "spread {:.3f} above {:g}", settings.max_spread, 1),
        ("eye_distance_px", "eye distance {:.1f} px below {:g}", settings.min_eye_distance_px, -1),
        ("yaw_deg", "yaw {:.0f} degrees beyond {:g}", settings.max_yaw_deg, 1),
        ("pitch_deg", "pitch {:.0f} degrees beyond {:g}", settings.max_pitch_deg, 1),
        ("sharpness", "sharpness {:.1f} below {:.1f}", sharp_enough, -1),
    )
    problems: list[str | None] = [None] * faces.num_rows
    for column, text, limit, sign in gates:
        for row, value in enumerate(faces.column(column).to_pylist()):
            if problems[row] is None and sign * abs(value) > sign * limit:
                problems[row] = text.format(value, limit)
    return problems


def split_blocks(num_blocks: int, *, validation: float, test: float) -> list[Split]:
    """The split of each of successive blocks of time; those held out lie spread over all of them.

    Each held-out split gets its share, rounded, and at least one block of five or more.
    """
    splits: list[Split] = ["train"] * num_blocks
    if num_blocks < MIN_BLOCKS:
        return splits
    num_validation, num_test = (max(1, round(share * num_blocks)) if share else 0 for share in (validation, test))
    held_out = num_validation + num_test
    for index in range(held_out):
        is_test = (index + 1) * num_test // held_out > index * num_test // held_out
        splits[(2 * index + 1) * num_blocks // (2 * held_out)] = "test" if is_test else "validation"
    return splits


def hold_out(
    frames: np.ndarray, reasons: Sequence[str | None], *, settings: CurationSettings
) -> tuple[list[Split | None], list[str | None]]:
    """The split of each face without a reason, by its frame (N,), and the reasons with the gaps between splits."""
    good = [row for row, reason in enumerate(reasons) if reason is None]
    chosen = split_frames(frames[good], settings=settings)
    splits: list[Split | None] = [None] * len(reasons)
    found = list(reasons)
    for row, split, is_between in zip(good, chosen, in_gap(frames[good], chosen, settings=settings), strict=True):
        splits[row] = None if is_between else split
        found[row] = "gap between splits" if is_between else None
    return splits, found


def split_frames(frames: np.ndarray, *, settings: CurationSettings) -> list[Split]:
    """The split of each face by its frame (N,): blocks count the frames in which the person is seen."""
    seen, rank = np.unique(frames, return_inverse=True)
    num_blocks = max(1, round(len(seen) / settings.block_frames))
    splits = split_blocks(num_blocks, validation=settings.validation, test=settings.test)
    return [splits[int(place) * num_blocks // len(seen)] for place in rank]


def in_gap(frames: np.ndarray, splits: Sequence[Split], *, settings: CurationSettings) -> np.ndarray:
    """True for each face too near in time to one of a split that is held out more strictly: test, then validation."""
    strictness = np.array([("train", "validation", "test").index(split) for split in splits], int)
    near = np.zeros(len(frames), bool)
    for level in (1, 2):
        held_out, below = np.unique(frames[strictness == level]), np.flatnonzero(strictness < level)
        if len(held_out):
            after = np.searchsorted(held_out, frames[below])
            either_side = held_out[np.clip([after - 1, after], 0, len(held_out) - 1)]
            near[below] |= np.abs(either_side - frames[below]).min(0) <= settings.gap_frames
    return near


def look(cut: Cut) -> np.ndarray:
    """What a face looks like at 24 px, float32 (1728,) 0-1, black beyond its mask; for near duplicates alone."""
    weight = cut.mask[..., None] / np.float32(255)
    masked = cut.pixels / np.float32(255) * weight
    return cv2.resize(masked, (LOOK_PX, LOOK_PX), interpolation=cv2.INTER_AREA).ravel()


def near_duplicates(points_N2: np.ndarray, looks_ND: np.ndarray, *, settings: CurationSettings) -> np.ndarray:
    """For each face the index of the earlier, kept face that it nearly repeats; -1 for those to keep.

    `points_N2` (N, 68, 2) are in pixels of upright crops, so that place, tilt and distance do not count.
    """
    shapes = (points_N2 / eye_distance(points_N2)[:, None, None]).astype(np.float32)
    kept_shapes = np.empty_like(shapes)
    repeats = np.full(len(shapes), -1)
    kept: list[int] = []
    for index, shape in enumerate(shapes):
        moved = np.linalg.norm(kept_shapes[: len(kept)] - shape, axis=-1).mean(-1)
        alike = np.array(kept, int)[moved < settings.duplicate_points]
        change = np.sqrt(np.square(looks_ND[alike] - looks_ND[index]).mean(-1))
        if len(alike) and change.min() < settings.duplicate_look:
            repeats[index] = alike[change.argmin()]
        else:
            kept_shapes[len(kept)] = shape
            kept.append(index)
    return repeats
