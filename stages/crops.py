"""The curated face set of one person: aligned pixels, soft mask, split, and why other faces were left out."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.stage import progress, run

import numpy as np
import pyarrow as pa

from understudy.analysis import lineage
from understudy.curation import CurationSettings, Split, hold_out, look, near_duplicates, quality_problems
from understudy.errors import SettingsError
from understudy.facesets import cut_face
from understudy.geometry import CROP_COVERAGE, CROP_RESOLUTION_PX, resize_crop
from understudy.images import encode_png
from understudy.manifest import read_manifest
from understudy.media.reader import read_frames
from understudy.tables import (
    CROPS,
    IDENTITIES,
    LANDMARKS,
    metadata_of,
    points_of,
    read_table,
    table_of_rows,
    write_table,
)

Row = dict[str, Any]  # one face: values of several kinds by column name
KEYS = ("clip", "frame", "face")
MEASURED = ("crop_from_frame", "points", "yaw_deg", "pitch_deg", "roll_deg", "spread", "sharpness")


class Settings(CurationSettings):
    """Which of a person's faces are kept, and which are held out."""


@dataclass(frozen=True)
class Picture:
    """One face as the table stores it, and what near duplicates are told by."""

    pixels: bytes
    mask: bytes
    points: np.ndarray
    look: np.ndarray


def main(*, clips: Path, frames: Path, landmarks: Path, identities: Path, crops: Path, settings: Settings) -> None:
    """Curate the faces of the person the output is named after, from all of the manifest's clips."""
    person, manifest = crops.stem, read_manifest(clips)
    if person not in manifest.people:
        raise SettingsError(f"{clips}: nobody named {person!r}. People: {', '.join(manifest.people)}; add them first")
    named = read_table(identities, IDENTITIES)
    rows: list[Row] = []
    for clip in manifest.clips:
        faces = faces_of(person, named=named, fits=read_table(landmarks / f"{clip}.parquet", LANDMARKS))
        rows += curated_rows(faces, frames / f"{clip}.parquet", settings=settings)
    print(f"crops of {person}: {summary(rows)}", file=sys.stderr)
    metadata = lineage("crops", settings, made_by=None, above=metadata_of(named))
    write_table(crops, table_of_rows(CROPS, rows, metadata), CROPS)


def faces_of(person: str, *, named: pa.Table, fits: pa.Table) -> pa.Table:
    """The rows of one clip's landmarks that are faces of `person`, in order of frame and face."""
    theirs = {_key(face) for face in named.select([*KEYS, "person"]).to_pylist() if face["person"] == person}
    return fits.filter(pa.array([_key(face) in theirs for face in fits.select(KEYS).to_pylist()], pa.bool_()))


def curated_rows(faces: pa.Table, clip: Path, *, settings: Settings) -> list[Row]:
    """A row for each of a person's faces in one clip; those that are kept carry split and pixels."""
    reasons = quality_problems(faces, settings=settings)
    splits, reasons = hold_out(faces.column("frame").to_numpy(), reasons, settings=settings)
    pictures = cut_pictures(faces, clip, reasons=reasons, resolution_px=settings.resolution_px)
    reasons = without_duplicates(faces, pictures, splits=splits, reasons=reasons, settings=settings)
    rows = []
    for index, face in enumerate(faces.select([*KEYS, *MEASURED]).to_pylist()):
        face |= {"split": None, "pixels": None, "mask": None, "reason": reasons[index]}
        face["crop_from_frame"] = resized(face["crop_from_frame"], settings.resolution_px)
        if reasons[index] is None:
            face |= {"split": splits[index], "pixels": pictures[index].pixels, "mask": pictures[index].mask}
        rows.append(face)
    return rows


def cut_pictures(
    faces: pa.Table, clip: Path, *, reasons: Sequence[str | None], resolution_px: int
) -> dict[int, Picture]:
    """The aligned picture of every row that is not left out, by row."""
    numbers, points = faces.column("frame").to_numpy(), points_of(faces)
    rows_of: dict[int, list[int]] = {}
    for row, reason in enumerate(reasons):
        if reason is None:
            rows_of.setdefault(int(numbers[row]), []).append(row)
    images = read_frames(clip, indices=sorted(rows_of)) if rows_of else iter(())
    pictures = {}
    for frame, image in progress(images, total=len(rows_of), description=f"crops of {clip.stem}"):
        for row in rows_of[frame]:
            cut = cut_face(image, points[row], resolution_px=resolution_px)
            pictures[row] = Picture(encode_png(cut.pixels), encode_png(cut.mask), cut.points, look(cut))
    return pictures


def resized(crop_from_frame: Sequence[float], resolution_px: int) -> np.ndarray:
    """Into a crop of this side, what the landmarks table says of one of CROP_RESOLUTION_PX: six numbers."""
    matrix = np.asarray(crop_from_frame, float).reshape(2, 3)
    sizes = {"resolution_px": resolution_px, "from_resolution_px": CROP_RESOLUTION_PX}
    found = resize_crop(matrix, **sizes, coverage=CROP_COVERAGE, from_coverage=CROP_COVERAGE)
    return found.astype(np.float32).ravel()


def without_duplicates(
    faces: pa.Table,
    pictures: Mapping[int, Picture],
    *,
    splits: Sequence[Split | None],
    reasons: Sequence[str | None],
    settings: Settings,
) -> list[str | None]:
    """`reasons`, and one more for every training face that nearly repeats an earlier one."""
    training = [row for row in sorted(pictures) if splits[row] == "train"]
    points = np.array([pictures[row].points for row in training]).reshape(-1, 68, 2)
    looks = np.array([pictures[row].look for row in training])
    numbers, found = faces.column("frame").to_numpy(), list(reasons)
    for row, repeated in zip(training, near_duplicates(points, looks, settings=settings), strict=True):
        if repeated >= 0:
            found[row] = f"near duplicate of frame {numbers[training[repeated]]}"
    return found


def summary(rows: Sequence[Row]) -> str:
    """How many faces each split holds, and how many were left out for what."""
    splits = Counter(row["split"] for row in rows if not row["reason"])
    reasons = Counter(row["reason"].split()[0] for row in rows if row["reason"])
    kept = ", ".join(f"{splits[name]} {name}" for name in ("train", "validation", "test"))
    left_out = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
    return f"{sum(splits.values())} kept ({kept}), {sum(reasons.values())} left out{f' ({left_out})' * bool(left_out)}"


def _key(face: Row) -> tuple[str, int, int]:
    return face["clip"], face["frame"], face["face"]


if __name__ == "__main__":
    run(main)
