"""How a process comes to an end before its work is done: asked by a signal, or for want of memory, room or permission.

A signal becomes an exception, so that `finally` blocks run and temporary files vanish. Python looks for signals between
its own instructions: a call into dlib, torch or FFmpeg ends first, which takes a second or so at worst.
"""

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
NO_MEMORY = ("can't allocate memory", "insufficient memory", "out of memory", "can't start new thread", "bad_alloc")
REMEDIES = {
    errno.ENOSPC: "make room and run again",
    errno.EDQUOT: "make room and run again",
    errno.EFBIG: "allow larger files (ulimit -f) and run again",
    errno.EROFS: "make it writable and run again",
    errno.EACCES: "make it writable and run again",
    errno.EPERM: "make it writable and run again",
    errno.ENOTDIR: "a file lies where a folder must; move it away and run again",
    errno.EEXIST: "a file lies where a folder must; move it away and run again",
    errno.EIO: "look after the disk and run again",
    errno.EMFILE: "allow more open files (ulimit -n) and run again",
    errno.ENFILE: "close other programs and run again",
}
MORE_MEMORY = "nothing was changed, give it more memory, or fewer UNDERSTUDY_THREADS, and run again"


class Ended(BaseException):
    """A signal asks this process to end; no error, so that nothing that handles errors stops it on its way out."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.status = 128 + number


@dataclass
class Asked:
    """Whether a signal has asked for the end, and which."""

    signal: int = 0


@contextmanager
def orderly() -> Iterator[None]:
    """SIGTERM and SIGINT raise Ended within the block; while that is on its way, a second SIGTERM does nothing."""

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # who presses Ctrl-C twice does not want to wait
        raise Ended(number)

    with _handled_by(end):
        yield


@contextmanager
def deferring() -> Iterator[Asked]:
    """SIGTERM and SIGINT are only noted within the block, which ends with Ended if one was; a second SIGINT raises it.

    A second SIGTERM does not: schedulers send it to every process of a job, and then their parents pass it on.
    """
    asked = Asked()

    def note(number: int, _frame: FrameType | None) -> None:
        if asked.signal == number == signal.SIGINT:
            raise Ended(number)
        asked.signal = asked.signal or number

    with _handled_by(note):
        yield asked
    if asked.signal:
        raise Ended(asked.signal)


@contextmanager
def unheard() -> Iterator[None]:
    """Processes that are started in the block do not hear SIGTERM and SIGINT, unless they call `hear`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hear() -> None:
    """Hear SIGTERM and SIGINT in a process that was started `unheard`, also those that have come meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def say(line: str) -> None:
    """A line for the log. A reader that is gone stops nothing: signals to a whole job end `tee` first."""
    try:
        print(line, file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def mendable(error: BaseException, output: object) -> str | None:
    """What to say, in one line, of an error that lies in the machine and not in the code; None of any other."""
    if isinstance(error, OSError) and error.errno in REMEDIES:
        where = error.filename or output
        return f"{where}: {os.strerror(error.errno)}; nothing was changed, {REMEDIES[error.errno]}"
    if _wants_memory(error):
        return f"{output}: not enough memory; {MORE_MEMORY}"
    return None


def _wants_memory(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in words for sign in NO_MEMORY)


@contextmanager
def _handled_by(handler: "signal._HANDLER") -> Iterator[None]:
    """Signals that are ignored from the start (nohup, jobs in the background) stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {number: old for number, old in before.items() if old is not signal.SIG_IGN}
    for number in heard:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in heard.items():
            signal.signal(number, old)
