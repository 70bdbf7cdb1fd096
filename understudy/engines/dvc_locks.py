"""DVC's locks on a stage's files, asked for once: inside `dvc repro` DVC asks four times, each time within the other.

Each asking reads and writes DVC's list of locks, twice; with thousands of stages that is a third of `dvc repro`.
Whoever holds the locks has them: asking again for some of them changes nothing. This is DVC's inside, not its
interface; requirements.lock pins the version and the tests hold it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

Lock = Callable[[str, object, str, Sequence[str], Sequence[str], bool], AbstractContextManager[None]]


def take_locks_once() -> None:
    """Let DVC, in this process, ask only for locks that it does not hold."""
    from dvc import rwlock

    rwlock.rwlock = reentrant(rwlock.rwlock)


def reentrant(take: Lock) -> Lock:
    """DVC's `rwlock`, which does nothing where one that is already held by this process covers what is asked."""
    held: list[tuple[str, set[str], set[str]]] = []

    @contextmanager
    def rwlock(  # noqa: PLR0917, they are DVC's
        tmp_dir: str, fs: object, cmd: str, read: Sequence[str], write: Sequence[str], hardlink: bool
    ) -> Iterator[None]:
        if any(
            folder == tmp_dir and writable.issuperset(write) and (readable | writable).issuperset(read)
            for folder, readable, writable in held
        ):
            yield
            return
        with take(tmp_dir, fs, cmd, read, write, hardlink):
            held.append((tmp_dir, set(read), set(write)))
            try:
                yield
            finally:
                held.pop()

    return rwlock
