"""The hash of what a file shows: the same before and after signing, which writes anything else anew each time.

Written beside signed files as text, a line each ("<sha256>  bo.ada-for-bo.mp4"), it lets dvc.lock prove that two
runs made the same pictures, although it can never record the same signed file twice.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2

from understudy.errors import FootageError, TableError
from understudy.files import replacing

SUFFIX = ".payload"
LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def payload_sha256(path: Path, *, suffix: str | None = None) -> str:
    """The SHA-256 of a film's encoded video packets in file order, or of a PNG's RGB pixels and their shape.

    `suffix` is for files that are stored under another name. Raises FootageError when the file holds neither.
    """
    return _picture_sha256(path) if (suffix or path.suffix).lower() == ".png" else _film_sha256(path)


def write_payloads(path: Path, signed: Iterable[Path]) -> None:
    """Write a line for each signed file: the hash of what it shows, and its name."""
    lines = sorted(f"{payload_sha256(file)}  {file.name}\n" for file in signed)
    with replacing(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8")


def read_payloads(path: Path) -> Mapping[str, str]:
    """By file name, the hashes that `write_payloads` wrote.

    Raises TableError when the file is missing or holds anything else.
    """
    try:
        found = [LINE.fullmatch(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: not a list of payload hashes; run its stage again") from error
    hashes = {line[2]: line[1] for line in found if line}
    if len(hashes) != len(found):
        raise TableError(f"{path}: not a list of payload hashes; run its stage again")
    return hashes


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
