"""Packets to pictures in presentation order, one thread, with every sign of damage noticed.

Most damage raises nothing. What is watched: exceptions, corrupt packets and pictures, errors in FFmpeg's log, packets
that gave no picture, and files that end before their index does. Flipped bits in HEVC and VP9 show in none of these.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av

from understudy.media.probe import opened_video

# An invisible VP8 reference picture travels in a packet of its own.
_PACKETS_WITHOUT_PICTURE = frozenset({"vp8"})
_END_TOLERANCE_S = Fraction(1, 4)


@dataclass(frozen=True)
class Decoded:
    """One decoded picture and what was seen to be wrong with it."""

    frame: av.VideoFrame
    problem: str | None


@dataclass
class Decoding:
    """One sequential pass over a video; its report is complete once it has been iterated to the end."""

    path: Path
    num_packets: int = 0
    num_pictures: int = 0
    num_before_first_key: int = 0
    num_missing_at_end: int = 0
    end_problem: str | None = None
    lost: dict[int, str] = field(default_factory=dict)
    """Time stamps of packets that gave no picture, and why."""
    stream: av.video.stream.VideoStream | None = None
    _awaited: dict[int, str] = field(default_factory=dict)
    _problems: dict[int, str] = field(default_factory=dict)
    _first_key_pts: int | None = None
    _num_demuxed: int = 0
    _end_s: Fraction = Fraction(0)

    def __iter__(self) -> Iterator[Decoded]:
        """The pictures, each with its problem or None; never fewer than FFmpeg can decode."""
        with opened_video(self.path) as (container, stream), _errors_logged() as log:
            self.stream = stream
            for packet in self._packets(container, stream):
                for frame in self._decode(packet, log):
                    yield self._decoded(frame)
            self._finish(container, stream)

    def _packets(
        self, container: av.container.InputContainer, stream: av.video.stream.VideoStream
    ) -> Iterator[av.Packet]:
        """The picture packets, then an empty one; those of other streams only tell how far the file goes."""
        try:
            for packet in container.demux():
                self._note_end(packet)
                if packet.stream_index == stream.index and packet.size:
                    self._expect(packet)
                    yield packet
        except av.error.FFmpegError as error:
            self.end_problem = f"the container is damaged: {error.strerror}"
        yield av.Packet()

    def _note_end(self, packet: av.Packet) -> None:
        if packet.pts is not None and packet.size:
            self._end_s = max(self._end_s, (packet.pts + (packet.duration or 0)) * packet.time_base)

    def _expect(self, packet: av.Packet) -> None:
        self._num_demuxed += 1
        if packet.is_discard:
            return
        self.num_packets += 1
        if self._first_key_pts is None and packet.is_keyframe:
            self._first_key_pts = packet.pts
        if packet.pts is not None:
            self._awaited[packet.pts] = "the decoder gave no picture for it"
        if packet.is_corrupt:
            self._blame(packet, "its packet is flagged as corrupt")

    def _decode(self, packet: av.Packet, log: list[tuple[int, str, str]]) -> list[av.VideoFrame]:
        assert self.stream is not None
        try:
            frames = self.stream.codec_context.decode(packet if packet.size else None)
        except av.error.FFmpegError as error:
            self._blame(packet, f"decoding failed: {error.strerror}")
            frames = []
        if log and not packet.is_discard:
            self._blame(packet, f"FFmpeg says: {' '.join(log[0][2].split())}")
        log.clear()
        return list(frames)

    def _blame(self, packet: av.Packet, problem: str) -> None:
        if packet.pts is not None:
            self._problems.setdefault(packet.pts, problem)
        elif packet.size:
            self._problems.setdefault(-1, problem)
        else:
            self.end_problem = self.end_problem or f"at the end, {problem}"

    def _decoded(self, frame: av.VideoFrame) -> Decoded:
        self.num_pictures += 1
        problem = self._problems.pop(frame.pts, None) if frame.pts is not None else self._problems.pop(-1, None)
        if frame.pts is not None:
            self._awaited.pop(frame.pts, None)
        if problem is None and frame.is_corrupt:
            problem = "the decoder flags it as corrupt"
        return Decoded(frame, problem)

    def _finish(self, container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> None:
        for pts, why in self._awaited.items():
            if self._first_key_pts is None or pts < self._first_key_pts:
                self.num_before_first_key += 1  # a clean cut inside a group of pictures: never presentable
            elif stream.codec_context.name not in _PACKETS_WITHOUT_PICTURE:
                self.lost[pts] = self._problems.get(pts, why)
        if container.format.name.startswith("mov"):
            self.num_missing_at_end = max(0, len(stream.index_entries) - self._num_demuxed)
        promised = Fraction(container.duration or 0, av.time_base)
        tolerance = _END_TOLERANCE_S + 2 / Fraction(stream.average_rate or 25)
        if container.format.name.startswith("matroska") and promised > self._end_s + tolerance:
            self.end_problem = f"it ends at {float(self._end_s):.2f} s, its header promises {float(promised):.2f} s"


@contextmanager
def _errors_logged() -> Iterator[list[tuple[int, str, str]]]:
    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture(local=False) as log:
            yield log
    finally:
        av.logging.set_level(before)
