"""How good a shot is, measured against its performance and, where it is known, the true swap; and all side by side."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import Field

from understudy.analysers import load_landmarker
from understudy.analysers.dlib_hog import Detector, SearchSettings
from understudy.analysers.dlib_resnet import cut_chip, describe
from understudy.analysis import settings_of
from understudy.errors import FootageError
from understudy.files import replacing, working_folder
from understudy.images import encode_png
from understudy.landmarking import FitSettings
from understudy.media.comparison import write_comparison
from understudy.media.encoder import Encoding
from understudy.media.film import format_of, last_duration_of, stamps_of
from understudy.media.playback import play_film
from understudy.media.reader import read_frames
from understudy.processes import map_in_order
from understudy.provenance.credentials import read_assertion, sign_derived
from understudy.scoring.case import Case, centroid_of, performance_embeddings, read_case, reconstruction
from understudy.scoring.painting import painted_share
from understudy.scoring.pictures import closeness, inner_mask
from understudy.scoring.scores import Films, Numbers, People, rounded, score_films
from understudy.scoring.sheet import choose_moments, cut_tile, lay_out
from understudy.scoring.watching import Eyes, Watched, watch
from understudy.stage import progress, run, threads
from understudy.tables import IDENTITIES, LANDMARKS, SWAPS, metadata_of, read_table

Pictures = Iterator[tuple[int, np.ndarray]]


class Settings(Encoding):
    """How closely a shot is looked at, and what the comparison looks like."""

    describe_every: int = Field(ge=1, le=250)
    """Of the frames that were not held out, every so manieth is compared with people's faces: 75 ms a face."""
    moments: int = Field(ge=1, le=24)
    """Columns of the comparison picture."""
    tile_px: int = Field(ge=64, le=1024)
    """Side of one face in the comparison picture."""
    film_height_px: int = Field(ge=120, le=2160)
    """Height of each picture in the comparison film."""


def main(
    *,
    frames: Path,
    landmarks: Path,
    identities: Path,
    embeddings: Path,
    source_crops: Path,
    target_crops: Path,
    swapper: Path,
    swaps: Path,
    shot: Path,
    truth: Path,
    scores: Path,
    picture: Path,
    film: Path,
    settings: Settings,
) -> None:
    """Score a shot, and show it beside its performance and the true swap."""
    read_assertion(shot)  # one that does not hold is not worth scoring
    case = read_case(
        shot,
        frames=frames,
        landmarks=landmarks,
        target_crops=target_crops,
        swaps=swaps,
        truth=truth,
        describe_every=settings.describe_every,
    )
    people = People(centroid_of(source_crops, embeddings), centroid_of(target_crops, embeddings))
    eyes = open_eyes(metadata_of(read_table(landmarks, LANDMARKS)))
    films = watch_films(case, shot, embeddings=embeddings, eyes=eyes)
    painted = read_table(swaps, SWAPS, columns=("clip", "frame", "face", "reason"))
    numbers: Numbers = {
        "held_out": score_films(films.at(case.held_out), people),
        "rest": score_films(films.at(case.rest), people),
        "painted": painted_share(painted, read_table(identities, IDENTITIES), target=case.target),
        "reconstruction": reconstruction(swapper / "history.csv"),
    }
    write_json(scores, rounded(numbers))
    write_picture(picture, case, shot, settings=settings)
    write_film(film, case, shot, settings=settings)


def open_eyes(analysed: Mapping[str, str]) -> Eyes:
    """The analysers, with the settings that the clip's tables were made with."""
    fits = settings_of(FitSettings, "landmarks", metadata=analysed)
    detector = Detector(settings_of(SearchSettings, "faces", metadata=analysed))
    return Eyes(detector, load_landmarker(fits.backend), fits, cut_chip, describe_all)


def describe_all(chips: Iterable[np.ndarray]) -> np.ndarray:
    """The descriptors of all chips (N, 128), by as many processes as there may be."""
    return np.array(list(map_in_order(describe, chips, processes=threads()))).reshape(-1, 128)


def watch_films(case: Case, shot: Path, *, embeddings: Path, eyes: Eyes) -> Films:
    """What is seen in the shot, in the clip as it was, and in the true swap."""
    look = partial(seen, case=case, eyes=eyes)
    swapped = look(play(shot, case.shown), case.shown, description="watching the shot", described=case.described)
    clip = read_frames(case.clip, indices=sorted(case.expected))
    untouched = look(clip, sorted(case.expected), description="watching the clip", described=frozenset())
    untouched = untouched.described_as(performance_embeddings(case, embeddings), case.described)
    if case.true_swap is None:
        return Films(swapped, untouched, truth=case.truth)
    film = play_true_swap(case)
    true_swap = look(film, case.true_shown, description="watching the true swap", described=case.described)
    return Films(swapped, untouched, true_swap, closeness_of(case, shot, true_swap), case.truth)


def seen(
    pictures: Pictures,
    frames: Sequence[int],
    *,
    case: Case,
    eyes: Eyes,
    description: str,
    described: frozenset[int],
) -> Watched:
    """What is seen in the pictures, which show `frames`, where the performance has its face."""
    expected = {frame: case.expected[frame] for frame in frames if frame in case.expected}
    shown = progress(pictures, total=len(frames), description=description)
    return watch(shown, expected=expected, described=described, eyes=eyes)


def closeness_of(case: Case, shot: Path, true_swap: Watched) -> np.ndarray:
    """PSNR in dB and SSIM of the shot against the true swap inside its face, a row a frame of it: (N, 2)."""
    points = dict(zip(true_swap.frames_N.tolist(), true_swap.points_N682, strict=True))
    rows = {}
    for frame, (image, wanted) in together(play(shot, case.shown), play_true_swap(case)):
        if frame in points and np.isfinite(points[frame]).all():
            rows[frame] = closeness(image, wanted, inner_mask(points[frame], frame_px=wanted.shape[1::-1]))
    return np.array([rows.get(frame, (np.nan, np.nan)) for frame in points]).reshape(-1, 2)


def play(film: Path, frames: Sequence[int]) -> Pictures:
    """The pictures of a film, numbered by `frames`. Raises FootageError when there are more or fewer."""
    pictures = enumerate(play_film(film))
    count = 0
    for index, image in pictures:
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


def write_json(path: Path, numbers: Numbers) -> None:
    """`numbers` as JSON that replaces `path` whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def titles(case: Case) -> list[str]:
    """What is seen side by side."""
    source, target = case.source.title(), case.target.title()
    return [f"{target} performs", f"{source} in {target}'s place", *["True swap"] * (case.true_swap is not None)]


def side_by_side(case: Case, shot: Path) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Performance, shot and, where it is known, true swap, of the frames that all of them show."""
    films = [read_frames(case.clip), play(shot, case.shown)]
    return together(*films, *[play_true_swap(case)] * (case.true_swap is not None))


def write_picture(path: Path, case: Case, shot: Path, *, settings: Settings) -> None:
    """Several held-out moments as one signed picture: a column a moment, a row a film."""
    shown = [frame for frame in case.held_out.tolist() if case.true_swap is None or frame in case.true_shown]
    points = np.array([case.expected[frame] for frame in shown]).reshape(-1, 68, 2)
    moments = set(choose_moments(np.array(shown, int), points, number=settings.moments).tolist())
    columns = [
        [cut_tile(image, case.expected[frame], tile_px=settings.tile_px) for image in images]
        for frame, images in side_by_side(case, shot)
        if frame in moments
    ]
    with working_folder(path) as folder:
        unsigned = folder / path.name
        unsigned.write_bytes(encode_png(lay_out(dict(zip(titles(case), zip(*columns, strict=True), strict=True)))))
        sign_derived(unsigned, path, shot=shot, kind="comparison picture")


def write_film(path: Path, case: Case, shot: Path, *, settings: Settings) -> None:
    """Performance, shot and true swap side by side, with the clip's timing, signed."""
    facts = metadata_of(case.clip)
    shown = [frame for frame in case.shown if case.true_swap is None or frame in set(case.true_shown)]
    stamps = dict(zip(case.shown, stamps_of(case.clip), strict=True))
    with working_folder(path) as folder:
        unsigned = folder / path.name
        write_comparison(
            unsigned,
            (images for _, images in progress(side_by_side(case, shot), total=len(shown), description="comparison")),
            titles=titles(case),
            height_px=settings.film_height_px,
            stamps=[stamps[frame] for frame in shown],
            last_duration=last_duration_of(case.clip),
            like=format_of(case.clip),
            encoding=settings,
            audio_from=Path(facts["footage"]) if facts["kind"] == "video" and len(shown) == len(case.shown) else None,
        )
        sign_derived(unsigned, path, shot=shot, kind="comparison film")


if __name__ == "__main__":
    run(main)
