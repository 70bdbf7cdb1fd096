"""Frames of a clip by its frames table: the same pixels for every stage, each picture checked against its hash.

Metadata of a frames table that is read here and in the writer (all text):

    footage            path of the footage, as given to stage frames      footage_sha256  of the file, or of all stills
    kind               video or stills                                    files           stills: names in order, JSON
    time_base, rate    fractions                                          addressing      pts or count
    matrix, range      what codes were read with; matrix_from, range_from say why
    color_tags         H.273 codes of the source, JSON                    sample_aspect   fraction, before rotation
    audio              codec, language, layout, rate of each stream, JSON
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pyarrow as pa

from understudy.errors import FootageError
from understudy.media.matrices import ColorReading, Matrix
from understudy.media.pixels import upright_rgb
from understudy.media.probe import opened_video
from understudy.media.stills import read_still
from understudy.tables import FRAMES, metadata_of, read_table

UNDECODABLE = "frame cannot be decoded"
DAMAGED = "frame is damaged"
INTERLACED = "frame is interlaced"
SEEK_DENSITY = 0.15
"""Share of wanted frames up to which they are always sought (measured)."""
SEEK_FRAMES = 10
"""What opening footage and seeking in it costs, in frames that could be decoded meanwhile (measured: 2-3 in a short
clip; more where the container's index is long)."""


def read_frames(
    frames: Path | pa.Table, *, indices: Sequence[int] | np.ndarray | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Frame number and picture, RGB uint8 (H, W, 3), upright, in ascending order, of the clip of a frames table.

    `indices` limits them to those frame numbers. Frames that could not be decoded (no hash in the table) are left out:
    their rows say why. Memory does not grow.
    Damaged ones come as the decoder concealed them, which some codecs do differently every time: they are not checked.
    Raises FootageError when a picture is not the one whose hash is in the table, or is missing: the footage changed.
    """
    table = read_table(frames, FRAMES) if isinstance(frames, Path) else frames
    hashes = table.column("pixels_sha256").to_pylist()
    wanted = _wanted(hashes, indices)
    facts = metadata_of(table)
    reasons = table.column("reason").to_pylist()
    for frame, image in _images(table, facts, wanted):
        is_damaged = (reasons[frame] or "").startswith(DAMAGED)
        if not is_damaged and pixels_sha256(image) != hashes[frame]:
            raise _changed(facts["footage"], f"frame {frame} is another picture")
        yield frame, image


def pixels_sha256(image: np.ndarray) -> str:
    """The SHA-256 of an RGB uint8 (H, W, 3) picture's bytes, row by row."""
    return hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()


def reading_of(facts: dict[str, str]) -> ColorReading:
    """How the clip's codes become RGB, from a frames table's metadata."""
    matrix: Matrix = facts["matrix"]  # type: ignore[assignment]  # written from a Matrix
    return ColorReading(matrix, facts["matrix_from"], facts["range"] == "full", facts["range_from"])


def _wanted(hashes: list[str | None], indices: Sequence[int] | np.ndarray | None) -> list[int]:
    chosen = range(len(hashes)) if indices is None else sorted({int(index) for index in indices})
    for index in chosen:
        if not 0 <= index < len(hashes):
            raise IndexError(f"frame {index} of {len(hashes)}")
    return [index for index in chosen if hashes[index] is not None]


def _images(table: pa.Table, facts: dict[str, str], wanted: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    if facts["kind"] == "stills":
        yield from _stills(facts, wanted)
    elif facts["addressing"] == "pts" and not _is_damaged(table) and _are_worth_seeking(table, wanted):
        yield from _sought(table, facts, wanted)
    else:
        yield from _counted(table, facts, wanted)


def _are_worth_seeking(table: pa.Table, wanted: list[int]) -> bool:
    """Whether frames are few, or lie together so that most others need not be decoded."""
    if not wanted or len(wanted) < SEEK_DENSITY * table.num_rows:
        return True
    sought = sum(members[-1] - key + SEEK_FRAMES for key, members in _stretches(_keyframes(table), wanted))
    return sought < wanted[-1]


def _keyframes(table: pa.Table) -> list[int]:
    return [frame for frame, is_key in enumerate(table.column("is_keyframe").to_pylist()) if is_key]


def _stretches(keys: list[int], wanted: list[int]) -> list[tuple[int, list[int]]]:
    """Wanted frames that are decoded in one go, and the keyframe before them; 0 when there is none."""
    found: list[tuple[int, list[int]]] = []
    for frame in wanted:
        key = keys[max(0, bisect_right(keys, frame) - 1)] if keys else 0
        if found and key <= found[-1][1][-1] + SEEK_FRAMES:
            found[-1][1].append(frame)
        else:
            found.append((key, [frame]))
    return found


def _is_damaged(table: pa.Table) -> bool:
    """Damaged pictures are concealed with what was decoded before: only the same sequence gives the same pixels."""
    return table.column("reason").null_count < table.num_rows


def _stills(facts: dict[str, str], wanted: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    names = json.loads(facts["files"])
    for frame in wanted:
        path = Path(facts["footage"]) / names[frame]
        if not path.is_file():
            raise _changed(facts["footage"], f"{names[frame]} is gone")
        yield frame, read_still(path)[0]


def _counted(table: pa.Table, facts: dict[str, str], wanted: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Frame k is the k-th that decodes; rows without a hash did not."""
    hashes = table.column("pixels_sha256").to_pylist()
    decodable = iter([frame for frame, digest in enumerate(hashes) if digest is not None])
    missing = set(wanted)
    with opened_video(Path(facts["footage"])) as (container, stream):
        for picture in _pictures(container, stream):
            if not missing:
                return
            frame = next(decodable, None)
            if frame in missing:
                missing.remove(frame)
                yield frame, upright_rgb(picture, reading_of(facts), where=facts["footage"])
    if missing:
        raise _changed(facts["footage"], f"frame {min(missing)} is missing")


def _sought(table: pa.Table, facts: dict[str, str], wanted: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Each stretch of wanted frames is decoded from the last keyframe at or before it."""
    stamps = table.column("pts").to_pylist()
    hashes = table.column("pixels_sha256").to_pylist()
    keys = _keyframes(table)
    for key, members in _stretches(keys, wanted):
        before = keys[max(1, bisect_right(keys, key) - 2) : bisect_right(keys, key)]
        starts = [*(stamps[start] for start in reversed(before)), None]
        yield from _group(Path(facts["footage"]), facts, members, stamps=stamps, hashes=hashes, starts=starts)


def _group(
    footage: Path,
    facts: dict[str, str],
    members: list[int],
    *,
    stamps: list[int],
    hashes: list[str],
    starts: list[int | None],
) -> Iterator[tuple[int, np.ndarray]]:
    """The frames `members`, decoded from the first of `starts` that gives their pixels; None is the file's start.

    Seeking to the first keyframe lands behind it in transport streams, and a keyframe may need what was before it.
    """
    remaining = list(members)
    for start in starts:
        for frame, image in _after_key(footage, facts, {stamps[frame]: frame for frame in remaining}, key_pts=start):
            if start is not None and pixels_sha256(image) != hashes[frame]:
                break
            remaining.remove(frame)
            yield frame, image
        if not remaining:
            return
    raise _changed(facts["footage"], f"frame {remaining[0]} is missing")


def _after_key(
    footage: Path, facts: dict[str, str], frame_of: dict[int, int], *, key_pts: int | None
) -> Iterator[tuple[int, np.ndarray]]:
    """Those frames of `frame_of` (by time stamp) that are met after seeking; none when decoding starts too late."""
    with opened_video(footage) as (container, stream):
        if key_pts is not None:
            container.seek(key_pts, stream=stream, backward=True, any_frame=False)
        for number, picture in enumerate(_pictures(container, stream)):
            if number == 0 and key_pts is not None and (picture.pts is None or picture.pts > key_pts):
                return
            if picture.pts in frame_of:
                yield frame_of.pop(picture.pts), upright_rgb(picture, reading_of(facts), where=str(footage))
            if not frame_of:
                return


def _pictures(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> Iterator[av.VideoFrame]:
    """Every picture that decodes; stage frames has already reported those that do not."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            packet = None
        with suppress(av.error.FFmpegError):
            yield from stream.codec_context.decode(packet if packet is not None and packet.size else None)
        if packet is None or not packet.size:
            return


def _changed(footage: str, what: str) -> FootageError:
    return FootageError(f"{footage}: {what} than when its frames table was made; run stage frames again")
