"""How good a shot is, measured against its performance and, where it is known, the true swap; and all side by side."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from understudy.stage import progress, run, threads

import numpy as np
from pydantic import Field

from understudy.files import replacing, working_folder
from understudy.images import encode_png
from understudy.media.comparison import write_comparison
from understudy.media.encoder import Encoding
from understudy.media.film import format_of, last_duration_of, stamps_of
from understudy.media.reader import read_frames
from understudy.payload import write_payloads
from understudy.pieces import open_pieces
from understudy.processes import team
from understudy.provenance.credentials import read_assertion, sign_derived
from understudy.scoring.case import Case, centroid_of, performance_embeddings, read_case, reconstruction
from understudy.scoring.films import FilmName, play, play_true_swap, together, watch_films
from understudy.scoring.painting import painted_share
from understudy.scoring.pictures import closeness, inner_mask
from understudy.scoring.scores import Films, Numbers, People, rounded, score_films
from understudy.scoring.sheet import choose_moments, cut_tile, lay_out
from understudy.scoring.watching import Watched
from understudy.sharing import Pieces
from understudy.tables import IDENTITIES, LANDMARKS, SWAPS, metadata_of, read_table

PIECES = Pieces(250)  # pictures of a film
UNKNOWN = 40  # grey of what is not known


class Settings(Encoding):
    """How closely a shot is looked at, and what the comparison looks like."""

    describe_every: int = Field(ge=1, le=250)
    """Of the frames that were not held out, one in so many is compared with people's faces, at 75 ms a face."""
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
    payloads: Path,
    film: Path,
    settings: Settings,
    pieces: Pieces = PIECES,
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
    analysed = metadata_of(read_table(landmarks, LANDMARKS))
    inputs = [frames, landmarks, target_crops, swaps, shot, *true_files(case, truth), Path(__file__)]
    folder = open_pieces(scores, stage="scores", pieces=pieces, inputs=inputs, settings=settings, facts=analysed)
    with team(threads()) as members:
        watched = watch_films(case, shot, folder, analysed=analysed, members=members)
    if watched is None:
        return
    films = compared(case, shot, watched, embeddings=embeddings)
    people = People(centroid_of(source_crops, embeddings), centroid_of(target_crops, embeddings))
    painted = read_table(swaps, SWAPS, columns=("clip", "frame", "face", "reason"))
    numbers: Numbers = {
        "held_out": score_films(films.at(case.held_out), people),
        "rest": score_films(films.at(case.rest), people),
        "painted": painted_share(
            painted, read_table(identities, IDENTITIES), read_table(landmarks, LANDMARKS), target=case.target
        ),
        "reconstruction": reconstruction(swapper / "history.csv"),
    }
    write_json(scores, rounded(numbers))
    write_comparisons(picture, film, case, shot, settings=settings)
    write_payloads(payloads, [picture, film])
    folder.drop()


def true_files(case: Case, truth: Path) -> list[Path]:
    """What is known of the truth, as files."""
    known = truth / f"{case.clip.column('clip')[0].as_py()}.parquet"
    return [path for path in (known, case.true_swap) if path is not None and path.exists()]


def compared(case: Case, shot: Path, watched: Mapping[FilmName, Watched], *, embeddings: Path) -> Films:
    """What was seen in the shot beside the clip as it was, and beside the true swap where that is known."""
    untouched = watched["clip"].described_as(performance_embeddings(case, embeddings), case.described)
    if "true swap" not in watched:
        return Films(watched["shot"], untouched, truth=case.truth)
    close = closeness_of(case, shot, watched["true swap"])
    return Films(watched["shot"], untouched, watched["true swap"], close, case.truth)


def closeness_of(case: Case, shot: Path, true_swap: Watched) -> np.ndarray:
    """PSNR in dB and SSIM of the shot against the true swap inside its face, a row a frame of it: (N, 2)."""
    points = dict(zip(true_swap.frames_N.tolist(), true_swap.points_N682, strict=True))
    rows = {}
    for frame, (image, wanted) in together(play(shot, case.shown), play_true_swap(case)):
        if frame in points and np.isfinite(points[frame]).all():
            rows[frame] = closeness(image, wanted, inner_mask(points[frame], frame_px=wanted.shape[1::-1]))
    return np.array([rows.get(frame, (np.nan, np.nan)) for frame in points]).reshape(-1, 2)


def write_json(path: Path, numbers: Numbers) -> None:
    """`numbers` as JSON that replaces `path` whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def titles(case: Case) -> list[str]:
    """What is seen side by side."""
    source, target = case.source.title(), case.target.title()
    return [f"{target} performs", f"{source} in {target}'s place", *["True swap"] * (case.true_swap is not None)]


def side_by_side(case: Case, shot: Path) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Performance, shot and, where one is known, true swap of every frame; grey where it is not known of that frame."""
    true_swap = play_true_swap(case)
    following = next(true_swap, None)
    for frame, images in together(read_frames(case.clip), play(shot, case.shown)):
        if case.true_swap is None:
            yield frame, images
        elif following is not None and following[0] == frame:
            yield frame, [*images, following[1]]
            following = next(true_swap, None)
        else:
            yield frame, [*images, np.full_like(images[0], UNKNOWN)]


def write_comparisons(picture: Path, film: Path, case: Case, shot: Path, *, settings: Settings) -> None:
    """The films side by side as a signed film, and several of its moments as a signed picture."""
    moments = moments_of(case, number=settings.moments)
    columns: list[list[np.ndarray]] = []

    def rows() -> Iterator[list[np.ndarray]]:
        for frame, images in progress(side_by_side(case, shot), total=len(case.shown), description="comparison"):
            if frame in moments:
                points = case.expected[frame]
                columns.append([cut_tile(image, points, tile_px=settings.tile_px) for image in images])
            yield images

    write_film(film, rows(), case, shot, settings=settings)
    with working_folder(picture) as folder:
        unsigned = folder / picture.name
        unsigned.write_bytes(encode_png(lay_out(dict(zip(titles(case), zip(*columns, strict=True), strict=True)))))
        sign_derived(unsigned, picture, shot=shot, kind="comparison picture")


def moments_of(case: Case, *, number: int) -> set[int]:
    """The frames of the comparison picture: held out and, where there is one, with a true swap, if there are such."""
    known = set(case.expected) if case.true_swap is None else set(case.true_shown) & set(case.expected)
    shown = np.array(sorted(known & set(case.held_out.tolist())) or sorted(known), int)
    points = np.array([case.expected[frame] for frame in shown.tolist()])
    return set(choose_moments(shown, points, number=number).tolist())


def write_film(path: Path, rows: Iterable[Sequence[np.ndarray]], case: Case, shot: Path, *, settings: Settings) -> None:
    """Rows of pictures side by side, with the clip's timing and sound, signed."""
    facts = metadata_of(case.clip)
    with working_folder(path) as folder:
        unsigned = folder / path.name
        write_comparison(
            unsigned,
            rows,
            titles=titles(case),
            height_px=settings.film_height_px,
            stamps=stamps_of(case.clip),
            last_duration=last_duration_of(case.clip),
            like=format_of(case.clip),
            encoding=settings,
            audio_from=Path(facts["footage"]) if facts["kind"] == "video" else None,
        )
        sign_derived(unsigned, path, shot=shot, kind="comparison film")


if __name__ == "__main__":
    run(main)
