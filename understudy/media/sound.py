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
_USUAL_LAYOUT = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class Sound:
    """All audio streams of `source`, added to `film`, muxed up to a moment at a time; close it by leaving its block."""

    def __init__(self, source: Path | None, film: av.container.OutputContainer) -> None:
        self._container = av.open(str(source)) if source is not None and not source.is_dir() else None
        streams = list(self._container.streams.audio) if self._container else []
        self._targets = {stream.index: _added(film, stream, str(source)) for stream in streams}
        self._film = film
        self._packets = _timed(self._container.demux(streams)) if self._container and streams else iter(())
        self._next = next(self._packets, None)
        self._counts = [0] * len(streams)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._container:
            self._container.close()

    def copy_until(self, time_s: Fraction | None) -> None:
        """Mux every packet that is decoded at or before `time_s`; None: all that are left."""
        while self._next is not None and (time_s is None or self._next.dts * self._next.time_base <= time_s):
            packet = self._next
            number = list(self._targets).index(packet.stream_index)
            packet.stream = self._targets[packet.stream_index]
            self._film.mux(packet)
            self._counts[number] += 1
            self._next = next(self._packets, None)

    def check_arrived(self, film: Path) -> None:
        """Raise FootageError when the finished `film` gives back fewer packets than were put into it."""
        arrived = [0] * len(self._counts)
        with av.open(str(film)) as container:
            numbers = {stream.index: number for number, stream in enumerate(container.streams.audio)}
            for packet in container.demux(list(container.streams.audio)) if numbers else ():
                arrived[numbers[packet.stream.index]] += bool(packet.size)
        if arrived != self._counts:
            raise FootageError(
                f"{film}: its sound has {arrived} packets, expected {self._counts} as in the source; convert the "
                "source's sound to AAC first"
            )


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
    context = stream.codec_context
    if context is not None and context.layout.name.endswith("channels"):  # avi and mkv do not say which
        if context.channels not in _USUAL_LAYOUT:
            raise FootageError(
                f"{source}: its sound has {context.layout.name} of unknown place; convert the sound first"
            )
        added.codec_context.layout = _USUAL_LAYOUT[context.channels]
    added.metadata.update({key: stream.metadata[key] for key in ("language", "title") if key in stream.metadata})
    added.disposition = stream.disposition
    return added


def _timed(packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """The packets with a duration each: where mkv gives none, up to the next one, and the last as the one before it.

    A last packet without a duration would lie behind the end of the film, and players would leave it out.
    """
    waiting: dict[int, av.Packet] = {}
    durations: dict[int, int] = {}
    for packet in packets:
        before = waiting.pop(packet.stream_index, None) if packet.size else None
        if before is not None:
            before.duration = durations[packet.stream_index] = packet.dts - before.dts
            yield before
        if packet.size and packet.duration:
            yield packet
        elif packet.size:
            waiting[packet.stream_index] = packet
    for stream_index, packet in waiting.items():
        packet.duration = durations.get(stream_index, 1)
        yield packet
