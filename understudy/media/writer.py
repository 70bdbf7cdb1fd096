"""Films: H.264 in mp4 with the source's exact time stamps, colours, aspect and sound; the same bytes every time."""

import errno
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain, pairwise
from math import lcm
from pathlib import Path

import av
import numpy as np

from understudy.errors import FootageError
from understudy.files import replacing
from understudy.media.encoder import Encoding, add_picture_stream, encoded
from understudy.media.film import FilmFormat
from understudy.media.sound import Sound, sound_rates

_LEAST_TIMESCALE = 10_000
_GREATEST_TIMESCALE = 2**30
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def write_film(
    path: Path,
    pictures: Iterable[np.ndarray],
    *,
    stamps: Sequence[int],
    last_duration: int,
    like: FilmFormat,
    encoding: Encoding,
    audio_from: Path | None,
) -> None:
    """An mp4 at `path` of `pictures`, RGB uint8 (H, W, 3) of one size, upright; it replaces an older one whole.

    stamps         when each is presented, in units of `like.time_base`, strictly increasing, one a picture
    last_duration  how long the last one is shown, in the same units
    audio_from     footage whose audio streams are copied packet for packet; None, or a folder of stills: silent

    4:2:0 needs even sizes: an odd picture is repeated by one column or row at its right or lower edge.
    Raises FootageError when mp4 cannot carry the sound or a picture has another size, OSError when the disk is full.
    """
    if not stamps or any(before >= after for before, after in pairwise(stamps)):
        raise FootageError(f"{path}: {len(stamps)} time stamps, expected at least one, strictly increasing")
    durations = dict(zip(stamps, [*(after - before for before, after in pairwise(stamps)), last_duration], strict=True))
    with replacing(path) as temporary:
        try:
            _write(temporary, iter(pictures), durations, like=like, encoding=encoding, audio_from=audio_from)
        except av.error.FFmpegError as error:
            if error.errno in _DISK:
                raise OSError(error.errno, error.strerror, str(path)) from error
            raise FootageError(f"{path}: the film could not be written: {error.strerror}") from error


def _write(
    path: Path,
    pictures: Iterator[np.ndarray],
    durations: dict[int, int],
    *,
    like: FilmFormat,
    encoding: Encoding,
    audio_from: Path | None,
) -> None:
    first = next(pictures, None)
    if first is None:
        raise ValueError(f"no picture for {len(durations)} time stamps")
    timescale = movie_timescale(like.time_base, sound_rates(audio_from))
    options = {"fflags": "+bitexact", "movie_timescale": str(timescale)}
    with av.open(str(path), "w", format="mp4", container_options=options) as film:
        stream = add_picture_stream(film, first, like=like, encoding=encoding)
        with Sound(audio_from, film) as sound:
            all_pictures = chain([first], pictures)
            for packet in encoded(stream, all_pictures, stamps=list(durations), like=like, encoding=encoding):
                packet.duration = durations[packet.pts]
                sound.copy_until(packet.dts * packet.time_base)
                film.mux(packet)
            sound.copy_until(None)
    sound.check_arrived(path)


def movie_timescale(time_base: Fraction, sound_rates: Sequence[int]) -> int:
    """Ticks a second in which every track's start can be told exactly; mp4 would round it to a millisecond.

    A multiple of the picture track's own timescale, which the muxer doubles until it is 10,000 or more.
    """
    picture = time_base.denominator
    while picture < _LEAST_TIMESCALE:
        picture *= 2
    common = lcm(picture, *sound_rates)
    return common if common <= _GREATEST_TIMESCALE else picture
