"""Which frames exist: number, time, size, rotation, scene and the hash of the decoded pixels of every one."""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from understudy.stage import progress, run

from pydantic import Field, StringConstraints

from understudy.errors import FootageError
from understudy.media.catalogue import Catalogue, catalogue, reason_of
from understudy.media.reader import INTERLACED
from understudy.media.survey import Survey
from understudy.params import Settings as Section
from understudy.tables import FRAMES, make_table, write_table


class Settings(Section):
    """How footage is read."""

    cut: float = Field(ge=0.05, le=1)
    """Share of the picture that must be new for a cut to begin a new scene. Measured: cuts .6-.9, fast movement
    below .2; flashes are told apart by what follows them. Lower it when cuts between similar set-ups are missed."""
    stills_rate: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(/[1-9][0-9]*)?$")]
    """Frames a second at which a folder of stills is shown, as a whole number or a fraction such as 30000/1001."""
    damage: Literal["refuse", "mark"]
    """What to do with damaged footage. `refuse` stops with the first sign of it: right unless the footage cannot be had
    again. `mark` goes on: damaged frames, and those predicted from them up to the next keyframe, get a reason and are
    left out of everything below; frames that cannot be decoded keep a row where their place is known."""
    interlaced: Literal["refuse", "mark", "accept"]
    """What to do with frames that are flagged as interlaced: `refuse` stops, `mark` leaves them out with a reason,
    `accept` takes them as whole pictures, which is right for progressive material in an interlaced stream."""


def main(*, footage: Path, frames: Path, settings: Settings) -> None:
    """Decode all of a clip once and write its frames table."""
    survey = Survey(footage, stills_rate=Fraction(settings.stills_rate))
    pictures = progress(survey, total=None, description=f"frames of {frames.stem}")
    found = catalogue(survey, pictures, cut_threshold=settings.cut)
    found = found.accept_interlaced() if settings.interlaced == "accept" else found
    refuse(found, survey, settings)
    columns = found.columns(frames.stem, survey)
    metadata = survey.facts | {"footage": _project_path(footage), "addressing": found.addressing}
    write_table(frames, make_table(FRAMES, columns, metadata), FRAMES)


def refuse(found: Catalogue, survey: Survey, settings: Settings) -> None:
    """Raise FootageError for what the settings refuse; what they tolerate is said on stderr."""
    reasons = [(index, reason) for index, row in enumerate(found.rows) if (reason := reason_of(row))]
    interlaced = [index for index, reason in reasons if reason == INTERLACED]
    damaged = [f"frame {index}: {reason}" for index, reason in reasons if reason != INTERLACED] + survey.notes
    if interlaced and settings.interlaced == "refuse":
        raise FootageError(
            f"{survey.footage}: interlaced ({len(interlaced)} of {len(found.rows)} frames), expected progressive; "
            "deinterlace it first, or set frames.interlaced to accept if its pictures are whole"
        )
    if damaged and settings.damage == "refuse":
        raise FootageError(
            f"{survey.footage}: damaged: {len(damaged)} signs in {len(found.rows)} frames, the first: {damaged[0]}; "
            "copy the footage again, or set frames.damage to mark to go on without these frames"
        )
    tolerated = [f"{len(interlaced)} frames are interlaced"] if interlaced else []
    for problem in [*damaged[:3], *tolerated, *survey.remarks[:3]]:
        print(f"frames: {survey.footage}: {problem}", file=sys.stderr)


def _project_path(footage: Path) -> str:
    """The path from the project's top folder, so that a table does not depend on where the project lies."""
    absolute, top = footage.absolute(), Path.cwd()
    return (absolute.relative_to(top) if absolute.is_relative_to(top) else absolute).as_posix()


if __name__ == "__main__":
    run(main)
