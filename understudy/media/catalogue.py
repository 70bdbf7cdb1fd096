"""The rows of a frames table from one survey: lost frames in their place, damage given as reason."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from understudy.media.reader import DAMAGED, INTERLACED, UNDECODABLE, pixels_sha256
from understudy.media.scenes import SceneDetector
from understudy.media.survey import Picture, Survey
from understudy.media.timing import Addressing, addressing_of, presentation

CONSTANT_RATE_SHARE = 0.8
"""Share of equal steps from which on a larger one is a gap."""
MOST_MISSING = 1000


@dataclass(frozen=True)
class Row:
    """What is kept of one picture; `pixels_sha256` is None when it could not be decoded."""

    pts: int | None
    duration: int
    is_keyframe: bool
    is_interlaced: bool
    rotation_deg: int
    width: int
    height: int
    pixels_sha256: str | None
    scene: int
    problem: str | None


@dataclass(frozen=True)
class Catalogue:
    """All rows of a clip in order of presentation, and how frames are addressed."""

    rows: list[Row]
    addressing: Addressing

    def accept_interlaced(self) -> "Catalogue":
        """The same with interlaced frames taken as whole pictures."""
        return Catalogue([replace(row, is_interlaced=False) for row in self.rows], self.addressing)

    def columns(self, clip: str, survey: Survey) -> dict[str, object]:
        """The columns of a frames table."""
        stamps = [row.pts for row in self.rows]
        starts, shown = presentation(
            stamps,
            [row.duration for row in self.rows],
            time_base=survey.time_base,
            rate=survey.rate,
            addressing=self.addressing,
        )
        return {
            "clip": [clip] * len(self.rows),
            "frame": list(range(len(self.rows))),
            "pts": stamps,
            "time_s": starts,
            "duration_s": shown,
            "is_keyframe": [row.is_keyframe for row in self.rows],
            "width": [row.width for row in self.rows],
            "height": [row.height for row in self.rows],
            "rotation_deg": [row.rotation_deg for row in self.rows],
            "scene": [row.scene for row in self.rows],
            "pixels_sha256": [row.pixels_sha256 for row in self.rows],
            "reason": [reason_of(row) for row in self.rows],
        }


def catalogue(survey: Survey, pictures: Iterable[Picture], *, cut_threshold: float) -> Catalogue:
    """Every picture as a row with its scene, and a row for every frame that was lost where its place is known."""
    detector = SceneDetector(cut_threshold)
    rows = [_row(picture, detector) for picture in pictures]
    scenes = iter(detector.scenes())
    rows = [replace(row, scene=next(scenes)) if row.pixels_sha256 else row for row in rows]
    addressing = addressing_of([row.pts for row in rows])
    if addressing == "pts":
        rows = sorted([*rows, *_lost_rows(survey, rows)], key=_stamp)
        rows = sorted([*rows, *_gap_rows(survey, _infected(rows))], key=_stamp)
    elif survey.lost:
        survey.notes.append(f"{len(survey.lost)} frames could not be decoded, and it has no usable time stamps")
    return Catalogue(_infected(_filled(rows)), addressing)


def reason_of(row: Row) -> str | None:
    """Why the row is left out, None when nothing is wrong with it."""
    if row.pixels_sha256 is None:
        return f"{UNDECODABLE}: {row.problem}"
    if row.problem:
        return f"{DAMAGED}: {row.problem}"
    return INTERLACED if row.is_interlaced else None


def _row(picture: Picture, detector: SceneDetector) -> Row:
    digest, height, width = None, 0, 0
    if picture.image is not None:
        detector.add(picture.image)
        digest, (height, width) = pixels_sha256(picture.image), picture.image.shape[:2]
    return Row(
        pts=picture.pts,
        duration=picture.duration,
        is_keyframe=picture.is_keyframe,
        is_interlaced=picture.is_interlaced,
        rotation_deg=picture.rotation_deg,
        width=width,
        height=height,
        pixels_sha256=digest,
        scene=0,
        problem=picture.problem,
    )


def _lost_rows(survey: Survey, rows: list[Row]) -> list[Row]:
    shape = replace(rows[0], duration=0, is_keyframe=False, is_interlaced=False, pixels_sha256=None)
    return [replace(shape, pts=pts, problem=problem) for pts, problem in survey.lost.items()]


def _gap_rows(survey: Survey, rows: list[Row]) -> list[Row]:
    """Rows for what is missing beside damage in footage of constant rate; a gap in sound footage is merely remarked."""
    steps = [_stamp(after) - _stamp(before) for before, after in pairwise(rows)]
    usual = median(steps) if steps else 0
    if not usual or sum(abs(step - usual) <= usual / 10 for step in steps) < CONSTANT_RATE_SHARE * len(steps):
        return []
    missing: list[Row] = []
    gaps = [index for index, step in enumerate(steps) if step > 1.5 * usual]
    for index in gaps:
        before, number = rows[index], round(steps[index] / usual) - 1
        if any(row.problem for row in rows[max(0, index - 3) : index + 5]):
            stamps = [_stamp(before) + round(usual * (1 + place)) for place in range(min(number, MOST_MISSING))]
            lost = replace(before, duration=0, is_keyframe=False, pixels_sha256=None, problem="it is not in the file")
            missing += [replace(lost, pts=stamp) for stamp in stamps]
        else:
            survey.remarks.append(f"nothing for {number} frames after {float(_stamp(before) * survey.time_base):.3f} s")
    return missing


def _stamp(row: Row) -> int:
    assert row.pts is not None
    return row.pts


def _filled(rows: list[Row]) -> list[Row]:
    """Rows without a picture take size and scene of the row before them."""
    filled: list[Row] = []
    before = next((row for row in rows if row.pixels_sha256), rows[0])
    for row in rows:
        if row.pixels_sha256 is None:
            row = replace(row, width=before.width, height=before.height, scene=before.scene)  # noqa: PLW2901
        filled.append(row)
        before = row
    return filled


def _infected(rows: list[Row]) -> list[Row]:
    """Damage spreads to what is predicted from it, up to the next keyframe; decoders flag only the first frame."""
    spread: list[Row] = []
    origin: int | None = None
    for index, row in enumerate(rows):
        if row.is_keyframe:
            origin = None
        if row.problem and origin is None:
            origin = index
        elif origin is not None and not row.problem:
            row = replace(row, problem=f"it may be predicted from frame {origin}")  # noqa: PLW2901
        spread.append(row)
    return spread
