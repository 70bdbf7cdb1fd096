"""A table of swaps cut down to the frames that count, which spares nine tenths of compositing and scoring."""

from pathlib import Path

from stages.swaps import NOTHING
from understudy.scoring.painting import held_out_frames
from understudy.tables import CROPS, SWAPS, metadata_of, read_table, table_of_rows, write_table

LEFT_OUT = "not compared"


def keep_held_out(swaps: Path, *, crops: Path, margin: int) -> None:
    """Take back what is painted on frames that are neither of the target's test split nor within `margin` of one.

    Near ones stay, since the composite is steadied over neighbours.
    """
    table = read_table(swaps, SWAPS)
    rows = table.to_pylist()
    clip = rows[0]["clip"]
    test = held_out_frames(read_table(crops, CROPS, columns=("clip", "frame", "split")), clip=clip)
    near = {frame + offset for frame in test for offset in range(-margin, margin + 1)}
    kept = [row if row["frame"] in near or row["reason"] else _taken_back(row) for row in rows]
    write_table(swaps, table_of_rows(SWAPS, kept, metadata_of(table)), SWAPS)


def _taken_back(row: dict[str, object]) -> dict[str, object]:
    return row | NOTHING | {"points": row["points"], "reason": LEFT_OUT}
