"""Painted faces as the swaps table holds them, read a few at a time so that memory does not grow with the clip."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from understudy.compositing.faces import PaintedFace
from understudy.errors import TableError
from understudy.images import decode_png
from understudy.tables import SWAPS, affines_of, is_kept, points_of, read_table

BATCH = 32
KEYS = ("clip", "frame", "face", "reason")


def painted_frames(swaps: Path) -> np.ndarray:
    """The frames with a painted face, ascending: int (N,). Raises TableError as `read_table` does."""
    table = read_table(swaps, SWAPS, columns=KEYS)
    return np.unique(np.asarray(table.column("frame").to_numpy())[is_kept(table)])


def painted_faces(swaps: Path) -> Iterator[PaintedFace]:
    """The painted faces of a swaps table in order of frame and face; rows with a reason are passed over."""
    try:
        with pq.ParquetFile(swaps, memory_map=False) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                rows = pa.Table.from_batches([batch])
                yield from _faces(rows.filter(pa.array(is_kept(rows))))
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{swaps}: not a readable Parquet file; delete it and run again") from error


def _faces(rows: pa.Table) -> Iterator[PaintedFace]:
    if not rows.num_rows:
        return
    crops, points, painted = affines_of(rows), points_of(rows), points_of(rows, "painted_points")
    values = {name: rows.column(name).to_pylist() for name in ("frame", "face", "patch", "alpha")}
    outlines = [rows.column(name).to_pylist() for name in ("outline_from", "outline_to")]
    for row in range(rows.num_rows):
        outline_from, outline_to = (np.asarray(column[row], np.float64).reshape(-1, 2) for column in outlines)
        yield PaintedFace(
            values["frame"][row],
            values["face"][row],
            decode_png(values["patch"][row]),
            decode_png(values["alpha"][row]),
            crops[row].astype(np.float64),
            points[row].astype(np.float64),
            painted[row].astype(np.float64),
            outline_from,
            outline_to,
        )
