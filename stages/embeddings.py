"""Whom every face of a clip looks like: a 128-vector a face, for those whose landmarks are believed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from understudy.stage import progress, run, threads

import numpy as np
import pyarrow as pa

from understudy.analysers.dlib_resnet import cut_chip, describe, made_by
from understudy.analysis import lineage
from understudy.media.reader import read_frames
from understudy.params import Settings as Section
from understudy.pieces import Pictures, PieceFolder, cut_evenly, open_pieces, through_frames
from understudy.processes import Team, team
from understudy.sharing import Pieces
from understudy.tables import (
    EMBEDDINGS,
    FRAMES,
    LANDMARKS,
    is_kept,
    join_tables,
    make_table,
    metadata_of,
    points_of,
    read_table,
    write_table,
)

PIECES = Pieces(500)  # frames with believed faces


class Settings(Section):
    """Which recogniser describes the faces."""

    backend: Literal["dlib_resnet"]
    """There is one so far; distances elsewhere in params.yaml are on its scale."""


def main(*, frames: Path, landmarks: Path, embeddings: Path, settings: Settings, pieces: Pieces = PIECES) -> None:
    """Describe every believed face of a clip."""
    clip = read_table(frames, FRAMES)
    fits = read_table(landmarks, LANDMARKS)
    made, inputs = made_by().metadata(), [frames, landmarks, Path(__file__)]
    folder = open_pieces(embeddings, stage="embeddings", pieces=pieces, inputs=inputs, settings=settings, facts=made)
    with team(threads()) as members:
        tables = describe_faces(clip, fits.filter(pa.array(is_kept(fits))), folder, members=members)
    if tables is None:
        return
    metadata = lineage("embeddings", settings, made_by=made_by(), above=metadata_of(fits))
    write_table(embeddings, join_tables(EMBEDDINGS, tables, metadata), EMBEDDINGS)
    folder.drop()


def describe_faces(clip: pa.Table, faces: pa.Table, folder: PieceFolder, *, members: Team) -> list[pa.Table] | None:
    """A row for every row of a landmarks table, which is sorted; None when only a share was described."""
    frames, points = faces.column("frame").to_numpy(), points_of(faces)

    def read(wanted: Sequence[int]) -> Pictures:
        return progress(read_frames(clip, indices=wanted), total=len(wanted), description="embeddings")

    def described(pictures: Pictures) -> pa.Table:
        rows: list[int] = []
        vectors = list(members.map_in_order(describe, cut_chips(pictures, frames, points, rows=rows)))
        keys = {name: faces.column(name).take(rows) for name in ("clip", "frame", "face", "track")}
        columns = keys | {"embedding": np.asarray(vectors, np.float32).reshape(-1, 128)}
        return make_table(EMBEDDINGS, columns)

    parts = cut_evenly(np.unique(frames).tolist(), size=folder.size)
    return folder.gather(len(parts), through_frames(parts, read=read, make=described))


def cut_chips(
    pictures: Pictures, frames_N: np.ndarray, points_NK2: np.ndarray, *, rows: list[int]
) -> Iterator[np.ndarray]:
    """The aligned face of every row that lies in one of these pictures; says in `rows` which rows those are."""
    for frame, image in pictures:
        for row in range(*np.searchsorted(frames_N, [frame, frame + 1])):
            rows.append(row)
            yield cut_chip(image, points_NK2[row])


if __name__ == "__main__":
    run(main)
