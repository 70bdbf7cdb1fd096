"""One signed picture of what all families painted at the same moments, the true swap and the performance on top."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.compared.trial import Trial
from stages.scores import moments_of
from understudy.files import working_folder
from understudy.images import encode_png
from understudy.media.reader import read_frames
from understudy.pieces import Pictures
from understudy.provenance.credentials import sign_derived
from understudy.scoring.case import Case, read_case
from understudy.scoring.films import play, play_true_swap
from understudy.scoring.sheet import cut_tile, lay_out

COLUMNS, MOMENTS, TILE_PX = 2, 4, 132


def write_sheet(path: Path, trials: Sequence[Trial], labels: Mapping[str, str]) -> None:
    """Trials in this order, those whose shots are there, each under its label; signed as made from the first's shot."""
    there = [trial for trial in trials if trial.film.exists()]
    if not there:
        return
    case = _case(there[0])
    moments = sorted(moments_of(case, number=MOMENTS))
    films: dict[str, Pictures] = {"performance": read_frames(case.clip, indices=moments)}
    films |= {"true swap": play_true_swap(case)} if case.true_swap is not None else {}
    films |= {labels[trial.name]: play(trial.film, case.shown) for trial in there}
    rows = [(label, list(_tiles(film, case, moments))) for label, film in films.items()]
    with working_folder(path) as folder:
        unsigned = folder / path.name
        unsigned.write_bytes(encode_png(in_columns(rows, number=COLUMNS)))
        sign_derived(unsigned, path, shot=there[0].film, kind="comparison picture")


def in_columns(rows: Sequence[tuple[str, list[np.ndarray]]], *, number: int) -> np.ndarray:
    """Labelled rows of tiles laid out line by line in so many columns; what is missing of the last line is black."""
    missing = -len(rows) % number
    blank = [("", [np.zeros_like(tile) for tile in rows[0][1]])] * missing
    full = [*rows, *blank]
    strips = [lay_out(dict([row])) for row in full]
    return np.vstack([np.hstack(strips[first : first + number]) for first in range(0, len(full), number)])


def _case(trial: Trial) -> Case:
    shot = trial.shot
    return read_case(
        trial.film,
        frames=Path(f"data/frames/{shot.clip}.parquet"),
        landmarks=Path(f"data/landmarks/{shot.clip}.parquet"),
        target_crops=Path(f"data/crops/{shot.target}.parquet"),
        swaps=trial.swaps,
        truth=Path("data/raw/truth"),
        describe_every=1,
    )


def _tiles(film: Pictures, case: Case, moments: Sequence[int]) -> Iterator[np.ndarray]:
    for frame, image in film:
        if frame in moments:
            yield cut_tile(image, case.expected[frame], tile_px=TILE_PX)
