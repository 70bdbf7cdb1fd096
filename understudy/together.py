"""One training in several processes: started here, one a device, or by torchrun on one machine or many.

Started here, they find each other by a file and talk over the loopback; no port has to be chosen. This process then
only watches: when one of them fails or is killed all are ended, and its error is the one that is told.
"""

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import RLock
from time import monotonic  # read to end processes that do not, never for an artifact
from typing import NoReturn

from understudy.stage import rank, threads

import torch
import torch.distributed as dist
from tqdm import tqdm

from understudy.devices import prepare
from understudy.endings import SIGNALS, Asked, Ended, deferring, hear, mendable, orderly, unheard
from understudy.errors import ProcessError, UnderstudyError
from understudy.group import Group
from understudy.processes import end_with_parent

LOOK_EVERY_S = 0.2
SAVING_S = 25.0  # schedulers wait some 30 s between SIGTERM and SIGKILL
DYING_S = 3.0
PATIENCE = timedelta(minutes=30)  # for a process that is busy with a validation, a preview or a checkpoint
RENDEZVOUS = "rendezvous."

Task = Callable[[Group], None]


def together(task: Task, *, devices: Sequence[torch.device], folder: Path) -> None:
    """Call `task`: here for one device, in a process each for several, in this one of many under torchrun.

    For processes of its own, `task` must be picklable; they meet in `folder`. Raises ProcessError when one is killed,
    UnderstudyError with the words of the one that failed, Ended when signals ended them.
    """
    if "WORLD_SIZE" in os.environ:
        group = Group(devices[0], rank(), int(os.environ["WORLD_SIZE"]))
        with _joined(group):
            task(group)
    elif len(devices) == 1:
        prepare(devices[0])
        task(Group(devices[0]))
    else:
        with _meeting_place(folder) as place:
            _watch(task, devices, place)


@dataclass
class _Member:
    """A process of the group, and where its last words come from."""

    process: SpawnProcess
    words: Connection

    def has_failed(self) -> bool:
        return self.process.exitcode not in (None, 0)

    def last_words(self) -> tuple[str, bool] | None:
        """What it said, and whether that is only that it misses another process."""
        try:
            words: tuple[str, bool] = self.words.recv()
        except EOFError:
            return None
        return words


def _start(task: Task, group: Group, *, place: Path) -> _Member:
    context = multiprocessing.get_context("spawn")
    hearing, saying = context.Pipe(duplex=False)
    cores = max(1, threads() // group.number)
    part = partial(_take_part, task, group, place=place, cores=cores, saying=saying)
    process = context.Process(target=part, name=f"process {group.rank + 1} of {group.number}", daemon=True)
    with unheard():  # until it is ready to answer signals
        process.start()
    saying.close()
    return _Member(process, hearing)


def _take_part(task: Task, group: Group, *, place: Path, cores: int, saying: Connection) -> None:
    """What a process of the group does; its last words go to the one that started it, which says them."""
    end_with_parent()
    os.environ["UNDERSTUDY_THREADS"] = str(cores)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_interop_threads(1)
    tqdm.set_lock(RLock())  # its usual lock is a semaphore, which would be mourned when this process leaves at once
    try:
        with orderly():
            hear()
            with _joined(group, place):
                task(group)
    except Ended as end:
        _leave(end.status)
    except Exception as error:
        words = str(error) if isinstance(error, UnderstudyError) else mendable(error, "training")
        if words is None or os.environ.get("UNDERSTUDY_DEBUG") == "1":
            traceback.print_exc()
        if words is not None:
            saying.send((words, isinstance(error, ProcessError)))
        _leave(1)


def _leave(status: int) -> NoReturn:
    """End at once: torch would abort when it clears up a group of which some are gone."""
    sys.stderr.flush()
    os._exit(status)


@contextmanager
def _joined(group: Group, place: Path | None = None) -> Iterator[None]:
    """The group's processes know each other within the block; without a place they meet where torchrun says."""
    prepare(group.device)
    store = None if place is None else dist.FileStore(str(place), group.number)  # type: ignore[attr-defined]
    backend = "nccl" if group.device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, store=store, rank=group.rank, world_size=group.number, timeout=PATIENCE)
    except RuntimeError as error:
        raise ProcessError(f"training: its {group.number} processes did not find each other ({error})") from error
    yield
    dist.destroy_process_group()  # not after an error, when it could wait for ever; the process ends anyway


def _watch(task: Task, devices: Sequence[torch.device], place: Path) -> None:
    members: list[_Member] = []
    try:
        with deferring() as asked:
            for index, device in enumerate(devices):
                members.append(_start(task, Group(device, index, len(devices)), place=place))
            failed = _until_one_fails(members, asked)
            if failed:
                _end(members, within_s=DYING_S)
                _report(failed)
    finally:
        for member in members:
            member.process.kill()
            member.process.join()


def _until_one_fails(members: Sequence[_Member], asked: Asked) -> list[_Member]:
    """Wait until all are done or some have failed, which are returned; a signal is passed on, and then waited for."""
    last_moment = None
    while running := [member.process.sentinel for member in members if member.process.exitcode is None]:
        wait(running, LOOK_EVERY_S)
        if asked.signal and last_moment is None:
            last_moment = monotonic() + SAVING_S
            _end(members, within_s=0)
        if last_moment is None and any(member.has_failed() for member in members):
            last_moment = monotonic() + DYING_S  # one that only missed another may be seen to end before that one
        if last_moment is not None and monotonic() > last_moment:
            break
    return [member for member in members if member.has_failed()]


def _end(members: Sequence[_Member], *, within_s: float) -> None:
    running = [member.process for member in members if member.process.exitcode is None]
    for process in running:
        process.terminate()
    last_moment = monotonic() + within_s
    for process in running:
        process.join(max(0.0, last_moment - monotonic()))


def _report(failed: Sequence[_Member]) -> None:
    """Raise what is known of the failure: words of a process's own, then how one died, then that one was missed."""
    said = [(member.process, member.last_words()) for member in failed]
    for _, last in said:
        if last and not last[1]:
            raise UnderstudyError(last[0])
    for process in (process for process, last in said if last is None):
        status = process.exitcode or 0
        if status - 128 in SIGNALS:
            raise Ended(status - 128)
        if status < 0:
            how = signal.Signals(-status).name
            raise ProcessError(f"training: {process.name} was killed ({how}), perhaps for want of memory; run again")
        if status > 0:
            raise ProcessError(f"training: {process.name} failed; see above")
    raise ProcessError("training: its processes lost each other; run again to go on from the last checkpoint")


@contextmanager
def _meeting_place(folder: Path) -> Iterator[Path]:
    for leftover in folder.glob(f"{RENDEZVOUS}*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=RENDEZVOUS, dir=folder) as name:
        yield Path(name) / "store"
