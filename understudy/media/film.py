"""What a film inherits from the clip it was made from: time stamps, colours, pixel aspect."""

import json
from dataclasses import dataclass
from fractions import Fraction

import pyarrow as pa

from understudy.media.matrices import H273_CODE, Matrix
from understudy.media.reader import reading_of
from understudy.tables import metadata_of

_UNTAGGED = 2
_SRGB_TRANSFER = 13


@dataclass(frozen=True)
class FilmFormat:
    """How pictures are to be written; H.273 codes for the tags, the sample aspect that of the upright picture."""

    time_base: Fraction
    rate: Fraction
    matrix: Matrix
    is_full_range: bool
    primaries: int
    transfer: int
    sample_aspect: Fraction

    @property
    def matrix_tag(self) -> int:
        """The matrix as an H.273 code."""
        return H273_CODE[self.matrix]


def format_of(frames: pa.Table) -> FilmFormat:
    """The format of the clip of a frames table, as a film that was written from its upright RGB pictures must have it.

    What was untagged gets the matrix and range it was read with; primaries and transfer stay as they were tagged.
    RGB sources and stills become BT.709 in limited range, stills with the transfer of sRGB.
    """
    facts = metadata_of(frames)
    tags = json.loads(facts["color_tags"])
    reading = reading_of(facts)
    is_rgb = reading.matrix == "rgb"
    is_still = facts["kind"] == "stills"
    return FilmFormat(
        time_base=_time_base(facts),
        rate=Fraction(facts["rate"]),
        matrix="bt709" if is_rgb else reading.matrix,
        is_full_range=reading.is_full_range and not is_rgb,
        primaries=1 if is_still else tags.get("primaries", _UNTAGGED),
        transfer=_SRGB_TRANSFER if is_still else tags.get("transfer", _UNTAGGED),
        sample_aspect=_upright_aspect(frames, facts),
    )


def stamps_of(frames: pa.Table) -> list[int]:
    """When each picture that `read_frames` gives is presented, in units of the format's time base.

    One stamp for every frame with a hash; where the clip has no usable stamps, frames are counted at its rate.
    """
    hashes = frames.column("pixels_sha256").to_pylist()
    is_counted = metadata_of(frames)["addressing"] == "count"
    stamps = frames.column("frame" if is_counted else "pts").to_pylist()
    return [stamp for stamp, digest in zip(stamps, hashes, strict=True) if digest is not None]


def last_duration_of(frames: pa.Table) -> int:
    """How long the last frame is shown, in units of the format's time base."""
    duration = Fraction(frames.column("duration_s")[-1].as_py())
    return max(1, round(duration / _time_base(metadata_of(frames))))


def _time_base(facts: dict[str, str]) -> Fraction:
    return 1 / Fraction(facts["rate"]) if facts["addressing"] == "count" else Fraction(facts["time_base"])


def _upright_aspect(frames: pa.Table, facts: dict[str, str]) -> Fraction:
    aspect = Fraction(facts["sample_aspect"])
    turns = {turn.as_py() for turn in frames.column("rotation_deg")}
    return 1 / aspect if turns & {90, 270} and aspect else aspect
