"""The films a shot is judged by (the shot, the clip as it was, the true swap): played, and watched piece by piece."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Literal, NamedTuple

from understudy.stage import progress

import numpy as np
import pyarrow as pa

from understudy.analysers.dlib_hog import Detector, SearchSettings
from understudy.analysers.dlib_resnet import cut_chip, describe
from understudy.analysis import load_landmarker, settings_of
from understudy.errors import FootageError
from understudy.landmarking import FitSettings
from understudy.media.playback import play_film
from understudy.media.reader import read_frames
from understudy.pieces import Make, Pictures, PieceFolder, cut_evenly, through_frames
from understudy.processes import Team
from understudy.scoring.case import Case
from understudy.scoring.watching import SEEN, Eyes, Seen, Watched, gather, look
from understudy.tables import table_of_rows

FilmName = Literal["shot", "clip", "true swap"]
BATCH = 2  # pictures a process gets at once


class Film(NamedTuple):
    """A film and which of its frames are looked at, those where the performance has its face."""

    name: FilmName
    frames: tuple[int, ...]


class Glance(NamedTuple):
    """One picture to be looked at: RGB uint8, the performance's 68 points in it, and whether to describe its face."""

    frame: int
    image: np.ndarray
    expected: np.ndarray
    is_described: bool


def watch_films(
    case: Case, shot: Path, folder: PieceFolder, *, analysed: Mapping[str, str], members: Team
) -> dict[FilmName, Watched] | None:
    """What is seen in every film, by its name; None when only a share of the pieces was watched.

    `analysed` is the metadata of the clip's tables: the films are looked at just as the clip was.
    """
    films = films_of(case)
    parts = [(film, part) for film in films for part in cut_evenly(film.frames, size=folder.size)]

    def begin(pieces: Sequence[int]) -> Iterator[tuple[int, Make]]:
        for film in films:
            own = [piece for piece in pieces if parts[piece][0] is film]
            if own:
                first = next(piece for piece, (other, _) in enumerate(parts) if other is film)
                begin_film = through_frames(
                    [part for other, part in parts if other is film],
                    read=partial(_pictures, film, case, shot),
                    make=partial(_looked_at, film, case, analysed=analysed, members=members),
                )
                for piece, make in begin_film([piece - first for piece in own]):
                    yield first + piece, make

    tables = folder.gather(len(parts), begin)
    if tables is None:
        return None
    seen = {
        film.name: [table for (other, _), table in zip(parts, tables, strict=True) if other is film] for film in films
    }
    return {film.name: gather(seen[film.name], described=described_in(film, case)) for film in films}


def films_of(case: Case) -> list[Film]:
    """The films of a case, the true swap where there is one."""
    looked_at = tuple(sorted(case.expected))
    films = [Film("shot", looked_at), Film("clip", looked_at)]
    known = tuple(sorted(set(case.true_shown) & set(looked_at)))
    return [*films, Film("true swap", known)] if case.true_swap is not None else films


def described_in(film: Film, case: Case) -> frozenset[int]:
    """The frames of a film whose face is compared with people's; the clip's were described by stage embeddings."""
    return frozenset() if film.name == "clip" else case.described


def play(film: Path, frames: Sequence[int]) -> Pictures:
    """The pictures of a film, numbered by `frames`. Raises FootageError when there are more or fewer."""
    count = 0
    for index, image in enumerate(play_film(film)):
        count = index + 1
        if count > len(frames):
            break
        yield frames[index], image
    if count != len(frames):
        number = f"more than {len(frames)}" if count > len(frames) else str(count)
        raise FootageError(f"{film}: {number} pictures, expected {len(frames)}; make it again")


def play_true_swap(case: Case) -> Pictures:
    """The pictures of the true swap, numbered as the clip's frames; none where it is not known."""
    return play(case.true_swap, case.true_shown) if case.true_swap is not None else iter(())


def together(*films: Pictures) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Frame number and pictures of the frames that all films show; their numbers must ascend."""
    heads = [next(film, None) for film in films]
    while all(head is not None for head in heads):
        numbers = [head[0] for head in heads if head is not None]
        if len(set(numbers)) == 1:
            yield numbers[0], [head[1] for head in heads if head is not None]
        last = max(numbers)
        behind = [number < last or len(set(numbers)) == 1 for number in numbers]
        heads = [next(film, None) if late else head for film, late, head in zip(films, behind, heads, strict=True)]


def _pictures(film: Film, case: Case, shot: Path, wanted: Sequence[int]) -> Pictures:
    if film.name == "clip":
        pictures = read_frames(case.clip, indices=wanted)
    else:
        frames = set(wanted)
        played = play(shot, case.shown) if film.name == "shot" else play_true_swap(case)
        pictures = ((frame, image) for frame, image in played if frame in frames)
    return progress(pictures, total=len(wanted), description=f"watching the {film.name}")


def _looked_at(film: Film, case: Case, pictures: Pictures, *, analysed: Mapping[str, str], members: Team) -> pa.Table:
    described = described_in(film, case)
    glances = (Glance(frame, image, case.expected[frame], frame in described) for frame, image in pictures)
    seen = members.map_in_order(partial(_look, tuple(sorted(analysed.items()))), glances, batch=BATCH)
    return table_of_rows(SEEN, [each._asdict() for each in seen])


def _look(analysed: tuple[tuple[str, str], ...], glance: Glance) -> Seen:
    return look(
        glance.image,
        frame=glance.frame,
        expected=glance.expected,
        is_described=glance.is_described,
        eyes=_eyes(analysed),
    )


@cache
def _eyes(analysed: tuple[tuple[str, str], ...]) -> Eyes:
    """The analysers, opened once a process."""
    fits = settings_of(FitSettings, "landmarks", metadata=dict(analysed))
    detector = Detector(settings_of(SearchSettings, "faces", metadata=dict(analysed)))
    return Eyes(detector, load_landmarker(fits.backend), fits, cut_chip, describe)
