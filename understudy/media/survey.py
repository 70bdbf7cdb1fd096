"""One full pass over footage: every picture in order, and afterwards the facts about the whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from understudy.errors import FootageError
from understudy.media.decoding import Decoded, Decoding
from understudy.media.matrices import ColorReading, choose_reading
from understudy.media.pixels import refuse_mirrored, rotation_of, upright_rgb
from understudy.media.probe import footage_sha256
from understudy.media.stills import read_still, still_paths


@dataclass(frozen=True)
class Picture:
    """One picture as shown: RGB uint8 (H, W, 3), None when undecodable; stamps in units of the time base."""

    pts: int | None
    duration: int
    is_keyframe: bool
    is_interlaced: bool
    rotation_deg: int
    image: np.ndarray | None
    problem: str | None


@dataclass
class Survey:
    """A pass over `footage`; stills follow each other at `stills_rate` frames a second.

    Iterate it once to the end; then `lost`, `notes` and `facts` tell of the whole.
    """

    footage: Path
    stills_rate: Fraction
    time_base: Fraction = Fraction(1)
    rate: Fraction = Fraction(0)
    lost: dict[int, str] = field(default_factory=dict)
    """Time stamps that should have a picture and have none, and why."""
    notes: list[str] = field(default_factory=list)
    """Signs of damage that no single frame can carry."""
    remarks: list[str] = field(default_factory=list)
    """What a person should know although nothing is damaged."""
    facts: dict[str, str] = field(default_factory=dict)
    """Metadata of the frames table, docs in understudy.media.reader."""

    def __iter__(self) -> Iterator[Picture]:
        """Every picture in order of presentation. Raises FootageError when there is nothing to see."""
        yield from self._stills() if self.footage.is_dir() else self._video()
        versions = {"av": av.__version__, "ffmpeg": str(av.ffmpeg_version_info)}
        units = {"time_base": str(self.time_base), "rate": str(self.rate)}
        self.facts |= {"footage_sha256": footage_sha256(self.footage)} | units | versions

    def _stills(self) -> Iterator[Picture]:
        self.time_base, self.rate = 1 / self.stills_rate, self.stills_rate
        paths = still_paths(self.footage)
        problems = []
        for index, path in enumerate(paths):
            image, turn, problem = _still(path)
            problems += [problem] if problem else []
            yield Picture(index, 1, True, False, turn, image, problem)
        if len(problems) == len(paths):
            raise FootageError(f"{self.footage}: not one still can be read, the first: {problems[0]}")
        reading = ColorReading("rgb", "stills", True, "stills")
        self.facts |= {"kind": "stills", "files": json.dumps([path.name for path in paths])} | reading_facts(reading)
        self.facts |= {"sample_aspect": "1", "audio": "[]", "color_tags": "{}"}

    def _video(self) -> Iterator[Picture]:
        decoding = Decoding(self.footage)
        reading: ColorReading | None = None
        area: tuple[int, int] | None = None
        for decoded in decoding:
            frame = decoded.frame
            if reading is None:
                reading, area = self._begin(decoding, frame), (frame.width, frame.height)
            if area is not None and (frame.width, frame.height) != area:
                raise FootageError(
                    f"{self.footage}: frame {decoding.num_pictures - 1} is {frame.width}x{frame.height}, the ones "
                    f"before are {area[0]}x{area[1]}; expected one size, cut the footage there"
                )
            yield self._picture(decoded, reading)
        self._end(decoding)

    def _picture(self, decoded: Decoded, reading: ColorReading) -> Picture:
        frame, where = decoded.frame, str(self.footage)
        image = upright_rgb(frame, reading, where=where)
        turn = rotation_of(frame, where=where)
        return Picture(
            frame.pts, frame.duration or 0, frame.key_frame, frame.interlaced_frame, turn, image, decoded.problem
        )

    def _begin(self, decoding: Decoding, frame: av.VideoFrame) -> ColorReading:
        stream = decoding.stream
        assert stream is not None
        refuse_mirrored(frame, where=str(self.footage))
        self.time_base = Fraction(stream.time_base)
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        reading = choose_reading(
            matrix_tag=frame.colorspace,
            range_tag=frame.color_range,
            pixel_format=frame.format.name,
            height=frame.height,
            where=str(self.footage),
        )
        self.facts |= reading_facts(reading) | _stream_facts(stream, frame)
        return reading

    def _end(self, decoding: Decoding) -> None:
        if not decoding.num_pictures:
            raise FootageError(f"{self.footage}: not one frame could be decoded; the file is empty or damaged")
        self.lost = decoding.lost
        counts = {
            "num_packets": decoding.num_packets,
            "num_pictures": decoding.num_pictures,
            "num_before_first_key": decoding.num_before_first_key,
            "num_missing_at_end": decoding.num_missing_at_end,
        }
        self.facts |= {name: str(count) for name, count in counts.items()}
        if decoding.num_before_first_key:
            self.remarks.append(f"{decoding.num_before_first_key} frames before its first keyframe cannot be shown")
        if decoding.end_problem:
            self.notes.append(decoding.end_problem)
        if decoding.num_missing_at_end:
            self.notes.append(f"it ends {decoding.num_missing_at_end} frames before its index does: it was cut off")
        missing = decoding.num_packets - decoding.num_pictures - decoding.num_before_first_key - len(self.lost)
        if missing > 0 and "vp8" not in self.facts["codec"]:
            self.notes.append(f"{missing} packets gave no picture")


def reading_facts(reading: ColorReading) -> dict[str, str]:
    """How codes become RGB, as metadata."""
    return {
        "matrix": reading.matrix,
        "matrix_from": reading.matrix_from,
        "range": "full" if reading.is_full_range else "limited",
        "range_from": reading.range_from,
    }


def _still(path: Path) -> tuple[np.ndarray | None, int, str | None]:
    try:
        image, turn = read_still(path)
    except FootageError as error:
        return None, 0, str(error)
    return image, turn, None


def _stream_facts(stream: av.video.stream.VideoStream, frame: av.VideoFrame) -> dict[str, str]:
    context, container = stream.codec_context, stream.container
    tags = {
        "matrix": frame.colorspace,
        "range": frame.color_range,
        "primaries": frame.color_primaries,
        "transfer": frame.color_trc,
    }
    return {
        "kind": "video",
        "container": container.format.name,
        "codec": context.name,
        "pixel_format": frame.format.name,
        "coded_width": str(frame.width),
        "coded_height": str(frame.height),
        "field_order": str(context.field_order),
        "sample_aspect": str(stream.sample_aspect_ratio or Fraction(1)),
        "color_tags": json.dumps({name: int(tag) for name, tag in tags.items()}),
        "audio": json.dumps([_audio_facts(audio) for audio in container.streams.audio]),
    }


def _audio_facts(stream: av.audio.stream.AudioStream) -> dict[str, str]:
    context = stream.codec_context
    return {
        "codec": context.name if context is not None else stream.codec_tag,
        "language": stream.metadata.get("language", "und"),
        "layout": context.layout.name if context is not None else "",
        "rate": str(context.sample_rate if context is not None else 0),
    }
