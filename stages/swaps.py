"""What the swapper paints over every face of the target in a clip; a row a face, with a reason where it does not."""

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from understudy.stage import progress, run, threads

import numpy as np
import pyarrow as pa
from pydantic import Field

from understudy import params
from understudy.analysis import lineage
from understudy.bridging import bridges, tracks_of
from understudy.devices import choose_device
from understudy.errors import AnalysisError, ModelError
from understudy.facesets import Cut, FaceSet, cut_face
from understudy.files import sha256_of
from understudy.geometry import estimate_pose
from understudy.images import encode_png
from understudy.media.reader import read_frames
from understudy.model import SETTINGS, WEIGHTS, FaceModel, Painted, read_description, read_model
from understudy.pieces import Make, PieceFolder, open_pieces
from understudy.provenance.consent import permitted
from understudy.sharing import Pieces
from understudy.tables import (
    FRAMES,
    IDENTITIES,
    LANDMARKS,
    SWAPS,
    join_tables,
    metadata_of,
    points_of,
    read_table,
    table_of_rows,
    write_table,
)
from understudy.workers import Workers, workers

PIECES = Pieces(256)  # faces painted at once
OVERLAP = 8  # faces before and after a piece that steady its first and last ones

Row = dict[str, Any]  # one face: values of several kinds by column name
KEYS = ("clip", "frame", "face")
NOTHING: Row = {
    "patch": None,
    "alpha": None,
    "crop_from_frame": np.full(6, np.nan),
    "points": np.full(136, np.nan),
    "painted_points": np.full(136, np.nan),
    "outline_from": [],
    "outline_to": [],
}


class Settings(params.Settings):
    """Which of the target's faces are painted."""

    max_yaw_deg: float = Field(gt=0, le=90)
    """Faces turned further are left as they are, with a reason. Look where the swapper's source has been seen."""
    bridge_frames: int = Field(ge=0, le=12)
    """Gaps up to this long in a track of the target, where a face was found but its landmarks were rejected, are
    painted with points that move evenly from one side to the other. Longer than 4 shows as drift; 0 leaves every
    gap."""


def main(
    *,
    frames: Path,
    landmarks: Path,
    identities: Path,
    swapper: Path,
    source_consent: Path,
    target_consent: Path,
    swaps: Path,
    settings: Settings,
    pieces: Pieces = PIECES,
) -> None:
    """Paint the target's faces of one clip."""
    source, target = permitted(source_consent, target_consent)
    made = description_for(swapper, source=source.person, target=target.person)
    clip, fits = read_table(frames, FRAMES), read_table(landmarks, LANDMARKS)
    faces = rows_of(fits, clip, people_of(identities, fits), target=target.person, settings=settings)
    if not any(row["reason"] is None for row in faces):
        raise AnalysisError(f"{swaps.stem}: no face of {target.person} to paint: {summary(faces)}; see {landmarks}")
    facts = {"source": source.person, "target": target.person, "weights_sha256": sha256_of(swapper / WEIGHTS)}
    device = choose_device()
    with workers(threads() if device.type == "cpu" else 1) as team:
        model = read_model(swapper, device=device)
        folder = open_pieces(
            swaps,
            stage="swaps",
            pieces=pieces,
            inputs=[frames, landmarks, identities, swapper / SETTINGS, Path(__file__)],
            settings=settings,
            facts=facts | {"device": device.type},
        )
        crop_px = crop_px_of(made)
        tables = painted_tables(clip, faces, folder, crop_px=crop_px, model=model, person=target.person, team=team)
    if tables is None:
        return
    print(f"{swaps.stem}: {summary(faces)}", file=sys.stderr)
    left_out = table_of_rows(SWAPS, [row for row in faces if row["reason"] is not None])
    metadata = lineage("swaps", settings, made_by=None, above=metadata_of(fits)) | facts
    write_table(swaps, join_tables(SWAPS, [*tables, left_out], metadata), SWAPS)
    folder.drop()


def description_for(swapper: Path, *, source: str, target: str) -> Mapping[str, object]:
    """The swapper's settings.json. Raises ModelError when it was trained for another pair."""
    made = read_description(swapper)
    if (made["source"], made["target"]) != (source, target):
        raise ModelError(
            f"{swapper}: trained for {made['source']} in {made['target']}'s place, asked for {source} in {target}'s; "
            "use that pair's swapper"
        )
    return made


def crop_px_of(made: Mapping[str, object]) -> int:
    """Side of the crops a swapper was trained from, and paints from: what it measures in them depends on it."""
    found = made["crop_px"]
    assert isinstance(found, int)
    return found


def people_of(identities: Path, fits: pa.Table) -> dict[tuple[int, int], str | None]:
    """Who each face of the clip is, by frame and face; None is nobody on record."""
    named = read_table(identities, IDENTITIES, columns=(*KEYS, "person")).to_pylist()
    clips = set(fits.column("clip").to_pylist())
    return {(row["frame"], row["face"]): row["person"] for row in named if row["clip"] in clips}


def rows_of(
    fits: pa.Table,
    clip: pa.Table,
    people: dict[tuple[int, int], str | None],
    *,
    target: str,
    settings: Settings,
) -> list[Row]:
    """A row for every face of the clip, and for every frame without one; those to be painted have no reason yet."""
    rows: list[Row] = []
    bridged = bridges(tracks_of(fits, people, person=target), max_frames=settings.bridge_frames)
    for face, points in zip(fits.select([*KEYS, "yaw_deg", "reason"]).to_pylist(), points_of(fits), strict=True):
        key = (face["frame"], face["face"])
        doubt = None if key in bridged else face["reason"]
        person = target if key in bridged else people.get(key)
        reason = doubt or _objection(person, face["yaw_deg"], target=target, settings=settings)
        taken = bridged.get(key, points)
        rows.append({key: face[key] for key in KEYS} | NOTHING | {"points": taken.ravel(), "reason": reason})
    seen = {row["frame"] for row in rows}
    for frame in clip.select(["clip", "frame", "reason"]).to_pylist():
        if frame["frame"] not in seen:
            reason = frame["reason"] or "no face found"
            rows.append({"clip": frame["clip"], "frame": frame["frame"], "face": -1} | NOTHING | {"reason": reason})
    return sorted(rows, key=lambda row: (row["frame"], row["face"]))


def painted_tables(
    clip: pa.Table,
    rows: Sequence[Row],
    folder: PieceFolder,
    *,
    crop_px: int,
    model: FaceModel,
    person: str,
    team: Workers,
) -> list[pa.Table] | None:
    """Those `rows` that have no reason with what the model painted, piece by piece; None when only a share was."""
    wanted = [row for row in rows if row["reason"] is None]
    parts = cut_faces(len(wanted), size=folder.size)

    def begin(pieces: Sequence[int]) -> Iterator[tuple[int, Make]]:
        for piece, around, faces in _with_neighbours(clip, wanted, {piece: parts[piece] for piece in pieces}, crop_px):
            own = slice(parts[piece].start - around.start, parts[piece].stop - around.start)
            yield piece, partial(paint, faces, own, model=model, person=person, team=team)

    return folder.gather(len(parts), begin)


def cut_faces(number: int, *, size: int) -> list[range]:
    """`number` faces in pieces of `size`; the last takes what would be too few to steady the one before."""
    full = max(0, number - OVERLAP) // size
    starts = range(0, full * size + 1, size)
    return [range(start, start + size if piece < full else number) for piece, start in enumerate(starts)]


def paint(faces: Sequence[tuple[Row, Cut]], own: slice, *, model: FaceModel, person: str, team: Workers) -> pa.Table:
    """The rows of a piece: its `own` faces, with what the model painted over them among their neighbours."""
    rows, face_set = _gathered(faces, person)
    values = _columns(model.paint(face_set), own, team)
    return table_of_rows(SWAPS, [row | new for row, new in zip(rows[own], values, strict=True)])


def summary(rows: Sequence[Row]) -> str:
    """How many faces were painted, and how many were not for what."""
    reasons = Counter(_kind(row["reason"]) for row in rows if row["reason"])
    number = sum(row["reason"] is None for row in rows)
    left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return f"{number} faces painted, {sum(reasons.values())} not{f' ({left_out})' * bool(left_out)}"


def _kind(reason: str) -> str:
    """A reason without its numbers."""
    return re.sub(r"[ :]*(\d|above).*", "", reason)


def _objection(person: str | None, yaw_deg: float, *, target: str, settings: Settings) -> str | None:
    if person is None:
        return "nobody on record"
    if person != target:
        return f"another person: {person}"
    if abs(yaw_deg) > settings.max_yaw_deg:
        return f"yaw {abs(yaw_deg):.0f} above {settings.max_yaw_deg:g}"
    return None


def _with_neighbours(
    clip: pa.Table, rows: Sequence[Row], parts: Mapping[int, range], crop_px: int
) -> Iterator[tuple[int, range, list[tuple[Row, Cut]]]]:
    """Each part with which rows it and its neighbours are, and those, cut; footage is decoded once."""
    around = {
        piece: range(max(0, own.start - OVERLAP), min(len(rows), own.stop + OVERLAP)) for piece, own in parts.items()
    }
    wanted = sorted({index for indices in around.values() for index in indices})
    cuts = zip(wanted, _cut_faces(clip, [rows[index] for index in wanted], crop_px), strict=True)
    waiting: dict[int, tuple[Row, Cut]] = {}
    for piece, indices in around.items():
        waiting = {index: face for index, face in waiting.items() if index in indices}
        while len(waiting) < len(indices):
            index, face = next(cuts)
            waiting[index] = face
        yield piece, indices, list(waiting.values())


def _cut_faces(clip: pa.Table, wanted: Sequence[Row], crop_px: int) -> Iterator[tuple[Row, Cut]]:
    rows: dict[int, list[Row]] = {}
    for row in wanted:
        rows.setdefault(row["frame"], []).append(row)
    images = read_frames(clip, indices=sorted(rows)) if rows else iter(())
    for frame, image in progress(images, total=len(rows), description="painting"):
        for row in rows[frame]:
            yield row, cut_face(image, row["points"].reshape(68, 2), resolution_px=crop_px)


def _gathered(faces: Sequence[tuple[Row, Cut]], person: str) -> tuple[list[Row], FaceSet]:
    rows, cuts = [row for row, _ in faces], [cut for _, cut in faces]
    poses = [estimate_pose(row["points"].reshape(68, 2))[:3] for row in rows]
    face_set = FaceSet(
        person,
        tuple(row["clip"] for row in rows),
        tuple(row["frame"] for row in rows),
        tuple(row["face"] for row in rows),
        (None,) * len(rows),
        np.stack([cut.pixels for cut in cuts]),
        np.stack([cut.mask for cut in cuts]),
        np.stack([cut.points for cut in cuts]),
        np.array(poses, np.float32),
        np.stack([cut.crop_from_frame for cut in cuts]),
    )
    return rows, face_set


def _columns(painted: Painted, own: slice, team: Workers) -> list[Row]:
    """What the table says of each painted face; pictures are encoded by as many threads as there are."""
    patches = team.map(encode_png, painted.patches_NHWC[own])
    alphas = team.map(encode_png, painted.alpha_NHW[own])
    return [
        {
            "patch": patch,
            "alpha": alpha,
            "crop_from_frame": crop.ravel(),
            "painted_points": points.ravel(),
            "outline_from": before.ravel().tolist(),
            "outline_to": after.ravel().tolist(),
        }
        for patch, alpha, crop, points, before, after in zip(
            patches,
            alphas,
            painted.crop_from_frame_N23[own],
            painted.points_N2[own],
            painted.outline_from[own],
            painted.outline_to[own],
            strict=True,
        )
    ]


if __name__ == "__main__":
    run(main)
