"""One shot to be judged: where the performance has its face, which frames were held out, what is known of the truth."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from understudy.errors import AnalysisError, TableError
from understudy.scoring.likeness import centroid
from understudy.scoring.painting import held_out_frames, painted_faces, rows_of, training_keys
from understudy.scoring.scores import Numbers, Truth
from understudy.tables import CROPS, EMBEDDINGS, FRAMES, LANDMARKS, SWAPS, TRUTH, matrix, points_of, read_table

SHOT = re.compile(r"(?P<clip>[a-z0-9_]+)\.(?P<source>[a-z0-9_]+)-for-(?P<target>[a-z0-9_]+)")
VALIDATION = "validation_"


@dataclass(frozen=True)
class Case:
    """One shot to be judged.

    shown         the clip's frame numbers in the order in which its films show them
    faces         which face of each painted frame was painted over
    expected      that face's 68 points by frame
    described     the frames whose face is compared with people's
    truth         what the renderer knows of a drawn clip; None for all others
    true_swap     the film of the true swap; None where there is none
    true_shown    the clip's frame numbers in the order in which that film shows them
    """

    name: str
    source: str
    target: str
    clip: pa.Table
    shown: Sequence[int]
    faces: Mapping[int, int]
    expected: Mapping[int, np.ndarray]
    held_out: np.ndarray
    rest: np.ndarray
    described: frozenset[int]
    truth: Truth | None
    true_swap: Path | None
    true_shown: Sequence[int]


def read_case(
    shot: Path,
    *,
    frames: Path,
    landmarks: Path,
    target_crops: Path,
    swaps: Path,
    truth: Path,
    describe_every: int,
) -> Case:
    """What is to be judged; where nothing of the clip was held out, all of it counts as held out.

    The shot's file name says whose likeness is in whose place. Raises TableError when it does not,
    AnalysisError when nothing was painted.
    """
    names = SHOT.fullmatch(shot.stem)
    if names is None:
        raise TableError(f"{shot}: its name says not whose face is in whose place, expected one like bo.ada-for-bo.mp4")
    clip, fits = read_table(frames, FRAMES), read_table(landmarks, LANDMARKS)
    faces = painted_faces(read_table(swaps, SWAPS, columns=("frame", "face", "reason")))
    if not faces:
        raise AnalysisError(
            f"{swaps}: nothing of {names['target']} was painted, there is nothing to score; its rows say why"
        )
    expected = dict(zip(sorted(faces), points_of(fits)[rows_of(fits, faces)].astype(float), strict=True))
    test = held_out_frames(read_table(target_crops, CROPS, columns=("clip", "frame", "split")), clip=names["clip"])
    held_out = sorted(test & set(faces)) or sorted(faces)
    rest = sorted(set(faces) - set(held_out))
    known = truth / f"{names['clip']}.parquet"
    true_swap = truth / shot.name
    table = read_table(known, TRUTH) if known.exists() else None
    true_shown = true_frames(table) if table is not None and true_swap.exists() else []
    is_known = bool(faces.keys() & set(true_shown))
    return Case(
        shot.stem,
        names["source"],
        names["target"],
        clip=clip,
        shown=[frame for frame, digest in enumerate(clip.column("pixels_sha256").to_pylist()) if digest is not None],
        faces=faces,
        expected=expected,
        held_out=np.array(held_out, int),
        rest=np.array(rest, int),
        described=frozenset(held_out) | frozenset(rest[::describe_every]),
        truth=read_truth(table) if table is not None else None,
        true_swap=true_swap if is_known else None,
        true_shown=true_shown if is_known else [],
    )


def read_truth(table: pa.Table) -> Truth:
    """The renderer's openings of a truth table."""
    frames = np.asarray(table.column("frame").to_numpy(), int)
    return Truth(frames, *(np.asarray(table.column(name), float) for name in ("mouth_opening", "eye_opening")))


def true_frames(table: pa.Table) -> list[int]:
    """The clip's frames in the order in which the film of the true swap shows them."""
    columns = (table.column(name).to_pylist() for name in ("true_swap_frame", "frame"))
    return [frame for _, frame in sorted(pair for pair in zip(*columns, strict=True) if pair[0] is not None)]


def centroid_of(crops: Path, embeddings: Path) -> np.ndarray:
    """The centroid (K,) of the faces of a person that were trained on; `embeddings` is the folder of all clips'."""
    keys = training_keys(read_table(crops, CROPS, columns=("clip", "frame", "face", "split")))
    vectors = []
    for clip in sorted({clip for clip, _, _ in keys}):
        table = read_table(embeddings / f"{clip}.parquet", EMBEDDINGS)
        columns = (table.column(name).to_pylist() for name in ("clip", "frame", "face"))
        vectors.append(matrix(table, "embedding")[[key in keys for key in zip(*columns, strict=True)]])
    if not sum(map(len, vectors)):
        raise TableError(f"{crops}: no face to learn from is in {embeddings}/; run the stages from embeddings on again")
    return centroid(np.concatenate(vectors))


def performance_embeddings(case: Case, embeddings: Path) -> np.ndarray:
    """The descriptors (N, K) of the faces that were painted over, in order of frames; NaN where a face has none.

    Faces that bridge a gap between sure ones are painted, but were never described.
    """
    table = read_table(embeddings / f"{case.name.split('.', maxsplit=1)[0]}.parquet", EMBEDDINGS)
    rows = rows_of(table, case.faces)
    vectors = matrix(table, "embedding")
    found = np.full((len(case.faces), vectors.shape[1]), np.nan)
    described = table.column("frame").to_numpy()[rows]
    found[np.searchsorted(sorted(case.faces), described)] = vectors[rows]
    return found


def reconstruction(history: Path) -> Numbers:
    """How well the swapper rebuilt faces of the validation split in the end: the last such row of its history."""
    try:
        with history.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if any(row[key] for key in row if key.startswith(VALIDATION))]
    except FileNotFoundError as error:
        raise TableError(f"{history}: no such file; run the stage swapper") from error
    last = rows[-1] if rows else {}
    return {key.removeprefix(VALIDATION): float(last[key]) for key in last if key.startswith(VALIDATION) and last[key]}
