"""Pictures to H.264 packets, the same bytes whatever the number of threads and whichever the CPU.

x264's output depends on both unless they are taken out of its hands; FFmpeg passes over misspelt options in silence,
so they are read back from the stream.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import av
import numpy as np
from pydantic import Field

from understudy.media.film import FilmFormat
from understudy.media.subsampling import Subsampling
from understudy.params import Settings

_X264 = "threads=4:lookahead-threads=1:sliced-threads=0:cpu-independent=1"
_READ_BACK = {"threads": "4", "lookahead_threads": "1", "sliced_threads": "0"}


class Encoding(Settings):
    """How pictures are compressed."""

    crf: float = Field(ge=0, le=51)
    """Constant rate factor of x264: 0 is nearly lossless, 16 cannot be told from the original, 23 is a small file."""
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
    """Effort of x264. Slower makes smaller files of the same look: medium takes twice the time of fast."""


def add_picture_stream(
    film: av.container.OutputContainer, first: np.ndarray, *, like: FilmFormat, encoding: Encoding
) -> av.video.stream.VideoStream:
    """An H.264 stream in `film` for pictures of `first`'s size, tagged as `like` says."""
    options = {"crf": f"{encoding.crf:g}", "preset": encoding.preset, "x264-params": _X264}
    stream = film.add_stream("libx264", rate=like.rate, options=options)
    height, width = first.shape[:2]
    context = stream.codec_context
    context.width, context.height = width + width % 2, height + height % 2
    context.pix_fmt = "yuv420p"
    context.time_base = like.time_base
    context.thread_type, context.thread_count = "FRAME", 4
    context.sample_aspect_ratio = like.sample_aspect
    context.colorspace, context.color_range = like.matrix_tag, 2 if like.is_full_range else 1
    context.color_primaries, context.color_trc = like.primaries, like.transfer
    return stream


def encoded(
    stream: av.video.stream.VideoStream,
    pictures: Iterator[np.ndarray],
    *,
    stamps: Sequence[int],
    like: FilmFormat,
    encoding: Encoding,
) -> Iterator[av.Packet]:
    """The packets of RGB uint8 `pictures` presented at `stamps`, in order of decoding.

    Raises FootageError when a picture has another size than the first, ValueError when there are more or fewer pictures
    than stamps, or when x264 did not take an option.
    """
    packets = _compressed(stream, _converted(pictures, stamps, like))
    with _warnings_logged() as log:
        first = next(packets)
    _check_options(bytes(first), encoding, log)
    yield first
    yield from packets


def _compressed(stream: av.video.stream.VideoStream, frames: Iterator[av.VideoFrame]) -> Iterator[av.Packet]:
    for frame in frames:
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _converted(pictures: Iterator[np.ndarray], stamps: Sequence[int], like: FilmFormat) -> Iterator[av.VideoFrame]:
    codes: Subsampling | None = None
    for picture, stamp in zip(pictures, stamps, strict=True):
        codes = codes or Subsampling(picture.shape, like=like)
        yield codes.convert(picture, stamp=stamp)


def _check_options(packet: bytes, encoding: Encoding, log: list[tuple[int, str, str]]) -> None:
    """x264 writes its options into the first packet: what does not stand there was not taken."""
    complaints = [text.strip() for level, name, text in log if level <= av.logging.WARNING and name == "libx264"]
    text = re.search(rb"x264 - core [^\0]*", packet)
    taken = dict(re.findall(r"(\w+)=(\S+)", text.group().decode("ascii", "replace"))) if text else {}
    crf_is_taken = taken.get("rc") == "cqp" if encoding.crf == 0 else float(taken.get("crf", -1)) == encoding.crf
    if complaints or not crf_is_taken or any(taken.get(key) != value for key, value in _READ_BACK.items()):
        raise ValueError(f"x264 did not take its options {_X264}, crf {encoding.crf}: {complaints or taken}")


@contextmanager
def _warnings_logged() -> Iterator[list[tuple[int, str, str]]]:
    before = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as log:
            yield log
    finally:
        av.logging.set_level(before)
