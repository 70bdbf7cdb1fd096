"""What a footage is: a video or a folder of stills, opened or refused with one clear line."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from understudy.errors import FootageError
from understudy.files import sha256_of
from understudy.media.stills import still_paths


@contextmanager
def opened_video(path: Path) -> Iterator[tuple[av.container.InputContainer, av.video.stream.VideoStream]]:
    """The container at `path` and its picture stream, set to decode on one thread.

    Frame threads are never used: they swallow errors (a file cut in half decodes without a word).
    Raises FootageError when there is no such file, it is empty, no media, has no picture or a picture without an area.
    """
    container = _open(path)
    try:
        stream = _picture_stream(container, path)
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        yield container, stream
    finally:
        container.close()


def footage_sha256(footage: Path) -> str:
    """The SHA-256 of a video file, or of the names and contents of a folder's stills."""
    if not footage.is_dir():
        return sha256_of(footage)
    digest = hashlib.sha256()
    for path in still_paths(footage):
        digest.update(f"{path.name}\0{sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _open(path: Path) -> av.container.InputContainer:
    if not path.exists():
        raise FootageError(f"{path}: no such footage; put a video or a folder of stills there")
    if path.is_file() and path.stat().st_size == 0:
        raise FootageError(f"{path}: the file is empty (0 bytes); copy the footage again")
    try:
        return av.open(str(path))
    except (av.error.FFmpegError, ValueError) as error:
        raise FootageError(
            f"{path}: not a video that can be read ({_reason(error)}), expected mp4, mov, mkv, webm, avi or ts, or a "
            "folder of stills; is the file complete?"
        ) from error


def _picture_stream(container: av.container.InputContainer, path: Path) -> av.video.stream.VideoStream:
    covers = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise FootageError(f"{path}: holds no picture stream, only {kinds}; expected footage with a picture")
    stream = streams[0]
    if stream.codec_context is None or stream.codec_context.codec is None:
        raise FootageError(f"{path}: no decoder for its picture stream ({stream.codec_tag}); convert it to H.264 first")
    if stream.codec_context.width <= 0 or stream.codec_context.height <= 0:
        raise FootageError(f"{path}: its picture is 0 pixels large or damaged beyond its header; copy it again")
    return stream


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return " ".join(str(text).split())
