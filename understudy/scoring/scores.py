"""All measures of a shot as one nested map of numbers, for the held-out frames and for the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from understudy.geometry import eye_opening, mouth_opening
from understudy.scoring.likeness import gain, likeness, mean
from understudy.scoring.performance import correlation, jitter, pose_offset, poses, turn_error
from understudy.scoring.watching import Watched

DIGITS = 4
OFFSETS = ("offset_yaw_deg", "offset_pitch_deg", "offset_roll_deg")

Opening = Callable[[np.ndarray], np.ndarray]
Numbers = dict[str, "float | int | Numbers | None"]


@dataclass(frozen=True)
class Truth:
    """What the renderer knows of N frames: openings of the performance's mouth and eyes, in outer-eye distances."""

    frames_N: np.ndarray
    mouth_N: np.ndarray
    eyes_N: np.ndarray

    def at(self, frames: np.ndarray) -> "Truth":
        """Only these frames; NaN where nothing is known."""
        return Truth(frames, *(_values_at(frames, self.frames_N, values) for values in (self.mouth_N, self.eyes_N)))


@dataclass(frozen=True)
class People:
    """The centroids of the source's and the target's faces, (K,)."""

    source: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Films:
    """What was seen in the shot, in the target's clip as it was, and in the true swap where that is known.

    The true swap may exist for some of the frames only; `closeness_N2` is PSNR in dB and SSIM of the shot's frames
    against it, a row for each of its frames.
    """

    shot: Watched
    untouched: Watched
    true_swap: Watched | None = None
    closeness_N2: np.ndarray | None = None
    truth: Truth | None = None

    def at(self, frames: np.ndarray) -> "Films":
        """Only these frames, of the true swap those that exist."""
        if self.true_swap is None or self.closeness_N2 is None:
            return Films(self.shot.at(frames), self.untouched.at(frames), truth=self.truth)
        known = np.isin(self.true_swap.frames_N, frames)
        true_swap = self.true_swap.at(self.true_swap.frames_N[known])
        closeness = self.closeness_N2[known]
        return Films(self.shot.at(frames), self.untouched.at(frames), true_swap, closeness, self.truth)


def score_films(films: Films, people: People) -> Numbers:
    """The measures of the shot, and the same of the true swap and the untouched clip: the two ends of the scale."""
    named = {"shot": films.shot, "untouched": films.untouched, "true_swap": films.true_swap}
    scores: Numbers = {"frames": len(films.shot.frames_N)}
    for name, film in named.items():
        scores[name] = score_film(film, films, people) if film is not None and len(film.frames_N) else None
    return scores | {"against_true_swap": against_true_swap(films, people)}


def score_film(film: Watched, films: Films, people: People) -> Numbers:
    """The measures of one film against the performance in the untouched clip, and against the truth."""
    performed = films.untouched.at(film.frames_N)
    truth = films.truth.at(film.frames_N) if films.truth is not None else None
    alike = likeness(film.described(), source=people.source, target=people.target)
    turns, wanted = poses(film.points_N682), poses(performed.points_N682)
    offset = pose_offset(turns, wanted)
    trembling = jitter(film.points_N682, film.frames_N)
    own = np.where(np.isfinite(film.points_N682), performed.points_N682, np.nan)  # the same moments of both
    return {
        "seen": float(np.isfinite(film.points_N682).all((1, 2)).mean()),
        "identity": dict(alike._asdict()),
        "pose": {"error_deg": turn_error(turns - offset, wanted)} | dict(zip(OFFSETS, offset.tolist(), strict=True)),
        "mouth": _followed(film, performed, mouth_opening, truth=truth.mouth_N if truth else None),
        "eyes": _followed(film, performed, eye_opening, truth=truth.eyes_N if truth else None),
        "jitter": {"percent": trembling, "ratio": _ratio(trembling, jitter(own, film.frames_N))},
        "sharpness": mean(film.sharpness_N),
    }


def against_true_swap(films: Films, people: People) -> Numbers | None:
    """The shot relative to the true swap, on the frames of which that is known; None when there are none."""
    if films.true_swap is None or films.closeness_N2 is None or not len(films.true_swap.frames_N):
        return None
    true_swap, frames = films.true_swap, films.true_swap.frames_N
    shot, untouched = films.shot.at(frames), films.untouched.at(frames)
    to_source = [
        likeness(film.described(), source=people.source, target=people.target).source_distance
        for film in (shot, untouched, true_swap)
    ]
    mouths, eyes = (
        [opening(film.points_N682) for film in (shot, true_swap)] for opening in (mouth_opening, eye_opening)
    )
    return {
        "frames": len(frames),
        "identity_gain": gain(to_source[0], untouched=to_source[1], true_swap=to_source[2]),
        "jitter_ratio": _ratio(
            jitter(np.where(np.isfinite(true_swap.points_N682), shot.points_N682, np.nan), frames),
            jitter(np.where(np.isfinite(shot.points_N682), true_swap.points_N682, np.nan), frames),
        ),
        "sharpness_ratio": _ratio(mean(shot.sharpness_N), mean(true_swap.sharpness_N)),
        "mouth_correlation": correlation(*mouths),
        "eyes_correlation": correlation(*eyes),
        "pose_error_deg": turn_error(poses(shot.points_N682), poses(true_swap.points_N682)),
        "psnr_db": mean(films.closeness_N2[:, 0]),
        "ssim": mean(films.closeness_N2[:, 1]),
    }


def rounded(scores: Mapping[str, object]) -> Numbers:
    """The same map, sorted, with floats of four digits; what is not known is None."""
    return {key: _rounded(scores[key]) for key in sorted(scores)}


def _rounded(value: object) -> "float | int | Numbers | None":
    if isinstance(value, Mapping):
        return rounded(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    known = isinstance(value, (float, np.floating)) and np.isfinite(value)
    return round(float(value), DIGITS) + 0.0 if known else None  # type: ignore[arg-type]


def _followed(film: Watched, performed: Watched, opening: Opening, *, truth: np.ndarray | None) -> Numbers:
    """How an opening follows the one read from the untouched clip, and the one that is true.

    No key may be called "error": `dvc metrics show` then says that the whole file failed to load.
    """
    values, wanted = opening(film.points_N682), opening(performed.points_N682)
    unknown = np.full(len(values), np.nan)
    true = unknown if truth is None else truth
    return {
        "correlation": correlation(values, wanted),
        "deviation": mean(np.abs(values - wanted)),
        "true_correlation": correlation(values, true),
        "true_deviation": mean(np.abs(values - true)),
    }


def _values_at(frames: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    by_frame = dict(zip(known.tolist(), values.tolist(), strict=True))
    return np.array([by_frame.get(frame, np.nan) for frame in frames.tolist()])


def _ratio(value: float, unit: float) -> float:
    return value / unit if unit else float("nan")
