"""Whom every face of a clip looks like: a 128-vector a face, for those whose landmarks are believed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from understudy.stage import progress, run, threads

import numpy as np
import pyarrow as pa

from understudy.analysers.dlib_resnet import cut_chip, describe, made_by
from understudy.analysis import lineage
from understudy.media.reader import read_frames
from understudy.params import Settings as Section
from understudy.processes import map_in_order
from understudy.tables import (
    EMBEDDINGS,
    FRAMES,
    LANDMARKS,
    is_kept,
    make_table,
    metadata_of,
    points_of,
    read_table,
    write_table,
)


class Settings(Section):
    """Which recogniser describes the faces."""

    backend: Literal["dlib_resnet"]
    """There is one so far; distances elsewhere in params.yaml are on its scale."""


def main(*, frames: Path, landmarks: Path, embeddings: Path, settings: Settings) -> None:
    """Describe every believed face of a clip."""
    clip = read_table(frames, FRAMES)
    fits = read_table(landmarks, LANDMARKS)
    faces = fits.filter(pa.array(is_kept(fits)))
    chips = progress(cut_chips(clip, faces), total=faces.num_rows, description="embeddings", unit="face")
    vectors = list(map_in_order(describe, chips, processes=threads()))
    keys = {name: faces.column(name) for name in ("clip", "frame", "face", "track")}
    columns = keys | {"embedding": np.asarray(vectors, np.float32).reshape(-1, 128)}
    metadata = lineage("embeddings", settings, made_by=made_by(), above=metadata_of(fits))
    write_table(embeddings, make_table(EMBEDDINGS, columns, metadata), EMBEDDINGS)


def cut_chips(clip: pa.Table, faces: pa.Table) -> Iterator[np.ndarray]:
    """The aligned face of every row of a landmarks table, in its order: by frame, then face."""
    frames, points = faces.column("frame").to_numpy(), points_of(faces)
    for frame, image in read_frames(clip, indices=np.unique(frames)):
        for row in np.flatnonzero(frames == frame):
            yield cut_chip(image, points[row])


if __name__ == "__main__":
    run(main)
