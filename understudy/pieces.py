"""Pieces of a long clip: made one by one, kept until the artifact is whole, shared by as many processes as there are.

A finished piece is an Arrow file below a folder that is named after all that decides the result (inputs, settings,
code), opened by the SHA-256 of its content, so that a damaged one is noticed and made again. Whoever works on a piece
holds its claim, a lock that goes with the process, so that a kill leaves nothing that another process would wait for.
Processes on several machines need a file system that they share, with locks (NFS has them).
"""

import fcntl
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa

from understudy.files import replacing, sha256_of
from understudy.loaded import code_sha256
from understudy.params import Settings
from understudy.sharing import Pieces

ROOT = Path(".understudy/pieces")
DIGEST_BYTES = 32

Make = Callable[[], pa.Table]
Begin = Callable[[Sequence[int]], Iterator[tuple[int, Make]]]
"""Goes through the pieces with these numbers, in order: each one's number, and what makes it if called before the
next is asked for. A piece that another process holds is not called."""
Pictures = Iterator[tuple[int, np.ndarray]]


class PieceFolder:
    """The pieces of one artifact; see open_pieces."""

    def __init__(self, folder: Path, pieces: Pieces) -> None:
        self.size = pieces.size
        self._folder = folder
        self._share = pieces.share

    def gather(self, number: int, begin: Begin) -> list[pa.Table] | None:
        """All `number` pieces in order, those that are missing made now; None when only a share was to be made.

        A clip of a single piece leaves no trace. Pieces that another process is making are left to it, and waited for.
        """
        if number <= 1 and not self._share and not self._folder.exists():
            return [make() for _, make in begin(range(number))]
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._share:
            self._make_share(self._share.of(number), begin)
            return None
        found = {piece: self._read(piece) for piece in range(number)}
        tables = {piece: table for piece, table in found.items() if table is not None}
        tables |= dict(self._finished([piece for piece in found if piece not in tables], begin))
        tables |= {piece: self._awaited(piece, begin) for piece in found if piece not in tables}
        return [tables[piece] for piece in range(number)]

    def drop(self) -> None:
        """Nothing left of the pieces, nor of those that other settings or older code had begun, once all is safe.

        Moved aside first: a process that still works on a share then finds no place for a claim, and ends.
        """
        pieces = self._folder.parent
        aside = pieces.with_name(f".{pieces.name}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        if pieces.exists():
            pieces.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)

    def _make_share(self, pieces: Iterable[int], begin: Begin) -> None:
        try:
            for _ in self._finished([piece for piece in pieces if self._read(piece) is None], begin):
                pass
        except FileNotFoundError:
            if self._folder.exists():
                raise
            print(f"{self._folder}: gathered meanwhile", file=sys.stderr)

    def _finished(self, pieces: Sequence[int], begin: Begin) -> Iterator[tuple[int, pa.Table]]:
        """Each of these pieces that nobody else holds, as it is finished."""
        for piece, make in begin(pieces) if pieces else ():
            with self._claimed(piece) as is_ours:
                if is_ours:
                    yield piece, self._read_or_make(piece, make)

    def _awaited(self, piece: int, begin: Begin) -> pa.Table:
        """A piece that another process held, when it is let go, whether it was finished or not."""
        print(f"{self._path(piece)}: another process is making it; waiting", file=sys.stderr)
        with self._claimed(piece, wait=True):
            return self._read_or_make(piece, lambda: next(make() for _, make in begin([piece])))

    def _read_or_make(self, piece: int, make: Make) -> pa.Table:
        table = self._read(piece)
        if table is None:
            table = make()
            self._write(piece, table)
        return table

    @contextmanager
    def _claimed(self, piece: int, *, wait: bool = False) -> Iterator[bool]:
        with (self._folder / f"{piece:06d}.claim").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def _write(self, piece: int, table: pa.Table) -> None:
        content = _packed(table)
        with replacing(self._path(piece)) as temporary:
            temporary.write_bytes(hashlib.sha256(content).digest() + content)

    def _read(self, piece: int) -> pa.Table | None:
        path = self._path(piece)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        digest, packed = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if hashlib.sha256(packed).digest() != digest:
            print(f"{path}: damaged; it is made again", file=sys.stderr)
            return None
        return pa.ipc.open_file(packed).read_all()

    def _path(self, piece: int) -> Path:
        return self._folder / f"{piece:06d}.piece"


def open_pieces(
    artifact: Path,
    *,
    stage: str,
    pieces: Pieces,
    inputs: Sequence[Path],
    settings: Settings,
    facts: Mapping[str, str],
    root: Path = ROOT,
) -> PieceFolder:
    """The pieces of `artifact` that these inputs (files, the script among them), settings and facts, and the code as it
    is now loaded make.
    """
    decides = {
        "inputs": [sha256_of(path) for path in inputs],
        "settings": settings.model_dump(mode="json"),
        "facts": dict(facts),
        "code": code_sha256(),
        "size": pieces.size,
    }
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]
    place = hashlib.sha256(artifact.parent.as_posix().encode()).hexdigest()[
        :8
    ]  # of the same name elsewhere is another's
    return PieceFolder(root / stage / f"{artifact.stem}-{place}" / key, pieces)


def cut_evenly(frames: Sequence[int], *, size: int) -> list[Sequence[int]]:
    """`frames` in pieces of `size`; the last may be smaller."""
    return [frames[first : first + size] for first in range(0, len(frames), size)]


def through_frames(
    parts: Sequence[Sequence[int]],
    *,
    read: Callable[[Sequence[int]], Pictures],
    make: Callable[[Pictures], pa.Table],
) -> Begin:
    """How pieces are made whose frames are `parts`, in ascending order, each from its pictures alone.

    `read` is called once with all frames that are wanted, so that footage is decoded once.
    """
    piece_of = {frame: piece for piece, part in enumerate(parts) for frame in part}

    def begin(pieces: Sequence[int]) -> Iterator[tuple[int, Make]]:
        pictures = read([frame for piece in pieces for frame in parts[piece]])
        for piece, own in groupby(pictures, key=lambda picture: piece_of[picture[0]]):
            yield piece, partial(make, own)

    return begin


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
        file.write_table(table)
    return bytes(sink.getvalue())
