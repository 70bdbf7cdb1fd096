"""The original sound, packet for packet: every audio stream of a clip copied into a film unchanged.

AAC from transport streams loses its 7-byte ADTS headers, which mp4 keeps once for the whole stream; the rest is equal.
"""

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

import av

from understudy.errors import FootageError

COPYABLE = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus", "pcm_s16le", "pcm_s24le")


class Sound:
    """All audio streams of `source`, added to `film`, muxed up to a moment at a time; close it by leaving its block."""

    def __init__(self, source: Path | None, film: av.container.OutputContainer) -> None:
        self._container = av.open(str(source)) if source is not None and not source.is_dir() else None
        streams = list(self._container.streams.audio) if self._container else []
        self._targets = {stream.index: _added(film, stream, str(source)) for stream in streams}
        self._film = film
        self._packets = _packets(self._container, streams)
        self._next = next(self._packets, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._container:
            self._container.close()

    def copy_until(self, time_s: Fraction | None) -> None:
        """Mux every packet that is decoded at or before `time_s`; None: all that are left."""
        while self._next is not None and (time_s is None or self._next.dts * self._next.time_base <= time_s):
            packet = self._next
            packet.stream = self._targets[packet.stream.index]
            self._film.mux(packet)
            self._next = next(self._packets, None)


def sound_sha256(path: Path) -> list[str]:
    """The SHA-256 of the encoded packets of each audio stream of a film or clip, in order of streams."""
    with av.open(str(path)) as container:
        digests = {stream.index: hashlib.sha256() for stream in container.streams.audio}
        if digests:
            for packet in container.demux(list(container.streams.audio)):
                digests[packet.stream.index].update(bytes(packet))
    return [digest.hexdigest() for digest in digests.values()]


def sound_rates(source: Path | None) -> list[int]:
    """The sample rates of a clip's audio streams; none for a folder of stills."""
    if source is None or source.is_dir():
        return []
    with av.open(str(source)) as container:
        return [stream.codec_context.sample_rate for stream in container.streams.audio if stream.codec_context]


def _added(film: av.container.OutputContainer, stream: av.audio.stream.AudioStream, source: str) -> av.stream.Stream:
    codec = stream.codec_context.name if stream.codec_context is not None else stream.codec_tag
    try:
        added = film.add_stream_from_template(stream)
    except (ValueError, av.error.FFmpegError) as error:
        raise FootageError(
            f"{source}: its sound is {codec}, which cannot be put into mp4 unchanged, expected one of "
            f"{', '.join(COPYABLE)}; convert the sound first"
        ) from error
    added.metadata.update({key: stream.metadata[key] for key in ("language", "title") if key in stream.metadata})
    added.disposition = stream.disposition
    return added


def _packets(
    container: av.container.InputContainer | None, streams: list[av.audio.stream.AudioStream]
) -> Iterator[av.Packet]:
    if container and streams:
        yield from (packet for packet in container.demux(streams) if packet.size and packet.dts is not None)
