"""Work spread over processes, for what holds the interpreter's lock; results in order, memory bounded."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from typing import TypeVar

from understudy.endings import Ended, unheard
from understudy.errors import AnalysisError

Item = TypeVar("Item")
Result = TypeVar("Result")
BATCH = 8  # items a process gets at once


class Team:
    """Processes that wait for work, or none; made by `team`."""

    def __init__(self, pool: ProcessPoolExecutor | None, processes: int) -> None:
        self._pool = pool
        self._processes = processes

    def map_in_order(
        self, function: Callable[[Item], Result], items: Iterable[Item], *, batch: int = BATCH
    ) -> Iterator[Result]:
        """`function` of every item, in order; with one process it is called right here.

        `function` must be importable by name. A process gets `batch` items at once; a few batches are read ahead,
        never all.
        Raises AnalysisError when a process is killed.
        """
        if self._pool is None:
            yield from map(function, items)
            return
        try:
            results = _results(self._pool, function, items, ahead=2 * self._processes, batch=batch)
            yield from chain.from_iterable(results)
        except BrokenProcessPool as error:
            message = "a worker process was killed, perhaps for want of memory; run again with fewer UNDERSTUDY_THREADS"
            raise AnalysisError(message) from error


@contextmanager
def team(processes: int) -> Iterator[Team]:
    """`processes` processes for several calls; each starts when there is work for it."""
    if processes <= 1:
        yield Team(None, 1)
        return
    # fresh processes: a forked one would inherit locks that another thread of this one may hold
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=end_with_parent) as pool:
        try:
            yield Team(pool, processes)
        except Ended:
            _kill_children()
            raise


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, processes: int, batch: int = BATCH
) -> Iterator[Result]:
    """`function` of every item, in order, by a team of its own; see Team.map_in_order."""
    with team(processes) as members:
        yield from members.map_in_order(function, items, batch=batch)


def end_with_parent() -> None:
    """End this process when the one that started it is gone; else it would wait for ever for work from it."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _kill_children() -> None:
    """They hold nothing, and would finish work that nobody waits for."""
    for child in multiprocessing.active_children():
        child.kill()


def _results(
    pool: ProcessPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], *, ahead: int, batch: int
) -> Iterator[list[Result]]:
    waiting: deque[Future[list[Result]]] = deque()
    for several in _batches(items, batch):
        with unheard():  # a signal to all processes of a job is the parent's to answer
            waiting.append(pool.submit(_each, function, several))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _each(function: Callable[[Item], Result], several: list[Item]) -> list[Result]:
    return [function(item) for item in several]


def _batches(items: Iterable[Item], batch: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while several := list(islice(remaining, batch)):
        yield several
