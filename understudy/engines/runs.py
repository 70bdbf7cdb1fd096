"""One run at a time: who runs Snakemake here, which stages a run that was killed left unrecorded, stale locks.

The lock is held by the process, so that it goes with it however it ends.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from understudy.errors import EngineError
from understudy.files import replacing

LOCK = Path(".understudy/run.lock")
UNRECORDED = Path(".understudy/unrecorded.json")
SNAKEMAKE_LOCKS = Path(".snakemake/locks")
HELD_BY = "UNDERSTUDY_HELD_BY"
"""Names the process that holds the lock to those that it starts."""
_held: list[int] = []


def other_run() -> str | None:
    """The process that runs Snakemake here now ("1234"), or None; its lock is not taken."""
    if _held or not LOCK.exists():
        return None
    handle = os.open(LOCK, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(handle, 20).decode().strip() or "unknown"
        return None if holder == os.environ.get(HELD_BY) else holder
    else:
        return None
    finally:
        os.close(handle)


def refuse_other() -> None:
    """Raises EngineError when another process runs Snakemake here now."""
    process = other_run()
    if process:
        raise busy(process)


def hold() -> None:
    """Take the lock for as long as this process lives. Raises EngineError when another run has it."""
    if _held:
        return
    LOCK.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.read(handle, 20).decode().strip()
        os.close(handle)
        raise busy(process) from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    _held.append(handle)


def busy(process: str) -> EngineError:
    """What to say when another run is at work."""
    return EngineError(f"another Snakemake run is at work here (process {process}); wait for it, or end it")


def remove_stale_locks() -> None:
    """Remove the locks of a Snakemake that was killed; call it only when no other run is at work."""
    shutil.rmtree(SNAKEMAKE_LOCKS, ignore_errors=True)


def unrecorded() -> list[str]:
    """The stages whose recording for DVC is still owed."""
    if not UNRECORDED.is_file():
        return []
    stages: list[str] = json.loads(UNRECORDED.read_text(encoding="utf-8"))
    return stages


def owe(stages: Iterable[str]) -> None:
    """Remember that these stages, and no others, are to be recorded for DVC."""
    stages = sorted(set(stages))
    if stages:
        with replacing(UNRECORDED) as temporary:
            temporary.write_text(json.dumps(stages), encoding="utf-8")
    else:
        UNRECORDED.unlink(missing_ok=True)
