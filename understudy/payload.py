"""The hash of what a file shows: the same before and after signing, which writes anything else anew each time."""

import hashlib
from pathlib import Path

import cv2

from understudy.errors import FootageError


def payload_sha256(path: Path) -> str:
    """The SHA-256 of a film's encoded video packets in file order, or of a PNG's RGB pixels and their shape.

    Raises FootageError when the file holds neither.
    """
    return _picture_sha256(path) if path.suffix.lower() == ".png" else _film_sha256(path)


def _film_sha256(path: Path) -> str:
    import av  # dear, and not needed for pictures

    digest = hashlib.sha256()
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            for packet in container.demux(container.streams.video[0]):
                digest.update(bytes(packet))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise FootageError(f"{path}: no video to be read ({error}); the file is damaged or not a film") from error
    return digest.hexdigest()


def _picture_sha256(path: Path) -> str:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise FootageError(f"{path}: not a readable PNG; the file is damaged or missing")
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
