"""Work spread over processes, for what holds the interpreter's lock; results in order, memory bounded."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import TypeVar

from understudy.endings import Ended, unheard
from understudy.errors import AnalysisError

Item = TypeVar("Item")
Result = TypeVar("Result")
BATCH = 8  # items a process gets at once


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, processes: int, batch: int = BATCH
) -> Iterator[Result]:
    """`function` of every item, in order; with one process it is called right here.

    `function` must be importable by name. A process gets `batch` items at once; a few batches are read ahead, never
    all.
    Raises AnalysisError when a process is killed.
    """
    if processes <= 1:
        yield from map(function, items)
        return
    # fresh processes: a forked one would inherit locks that another thread of this one may hold
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=end_with_parent) as pool:
        try:
            yield from chain.from_iterable(_results(pool, function, items, ahead=2 * processes, batch=batch))
        except BrokenProcessPool as error:
            message = "a worker process was killed, perhaps for want of memory; run again with fewer UNDERSTUDY_THREADS"
            raise AnalysisError(message) from error
        except Ended:
            _kill_children()
            raise


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
