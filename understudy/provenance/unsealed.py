"""The parts of a signed file that its C2PA signature leaves open, and a way to notice a change there all the same.

The hash of an MP4 or MOV leaves out the boxes ftyp, free, skip and mfra (C2PA 2.2, 18.6), and the signature's own
padding is covered by nothing. Measured with c2pa 0.38: an appended free box, a bit flipped in ftyp and a thousand
bytes hidden in the padding all pass as trusted.
"""

import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

UNSEALED_BOXES = (b"ftyp", b"free", b"skip", b"mfra")
_BOXED_SUFFIXES = {".mp4", ".mov", ".m4v"}
_PADDING = re.compile(rb"\x63pad(?:[\x40-\x57]|\x58(.)|\x59(..))", re.DOTALL)  # CBOR: the text "pad", then bytes
_BOX_OPENING = b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(4) + b"manifest\0" + bytes(8)
_LABELS = (b"\x03c2pa\0", b"\x03c2pa.assertions\0", b"\x03c2pa.claim.v2\0", b"\x03c2pa.signature\0")


def unsealed_sha256(path: Path) -> str:
    """The SHA-256 of the boxes of an MP4 or MOV that C2PA does not hash, in order; of nothing for other files."""
    digest = hashlib.sha256()
    if path.suffix.lower() in _BOXED_SUFFIXES:
        with path.open("rb") as file:
            for kind, start, end in _boxes(file):
                if kind in UNSEALED_BOXES:
                    file.seek(start)
                    digest.update(file.read(end - start))
    return digest.hexdigest()


def store_is_sound(path: Path) -> bool:
    """Whether the credentials fill their place exactly, under their right names, and their padding is zeros alone."""
    store = _store(path)
    paddings = list(_PADDING.finditer(store))
    zeros = all(not any(store[found.end() : found.end() + _length(found)]) for found in paddings)
    return bool(paddings) and zeros and all(label in store for label in _LABELS) and _is_nested(store)


def _is_nested(content: bytes) -> bool:
    """Whether JUMBF boxes (ISO/IEC 19566-5) fill `content` exactly, at every level."""
    start = 0
    while start + 8 <= len(content):
        length = int.from_bytes(content[start : start + 4], "big")
        end = start + length
        if length < 8 or end > len(content):
            return False
        if content[start + 4 : start + 8] == b"jumb" and not _is_nested(content[start + 8 : end]):
            return False
        start = end
    return start == len(content)


def _length(found: re.Match[bytes]) -> int:
    counted = found.group(1) or found.group(2)
    return int.from_bytes(counted, "big") if counted else found.group(0)[-1] - 0x40


def _store(path: Path) -> bytes:
    """The manifest store of an MP4, MOV or PNG; empty when it is not where C2PA puts it."""
    content = path.read_bytes()
    if path.suffix.lower() in _BOXED_SUFFIXES:
        start = content.find(_BOX_OPENING)
        return content[start + len(_BOX_OPENING) : _end_of_box(content, start - 4)] if start >= 4 else b""
    start = content.find(b"caBX")
    end = start + 4 + int.from_bytes(content[max(start - 4, 0) : max(start, 0)], "big")
    holds = zlib.crc32(content[max(start, 0) : end]) == int.from_bytes(content[end : end + 4], "big")
    return content[start + 4 : end] if start >= 4 and holds else b""


def _end_of_box(content: bytes, start: int) -> int:
    return start + int.from_bytes(content[start : start + 4], "big")


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each top-level box (ISO/IEC 14496-12); a broken one ends at the end of the file."""
    end_of_file = file.seek(0, 2)
    start = 0
    while start < end_of_file:
        file.seek(start)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        end = start + length if length >= 8 else end_of_file
        yield header[4:8], start, min(end, end_of_file)
        start = end
