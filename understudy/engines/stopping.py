"""SIGTERM to Snakemake alone, as `docker stop`, Kubernetes and `kill` send it: its jobs hear of it too.

Snakemake by itself starts nothing new and waits for what runs, longer than whoever wants it to leave will. A stage that
hears SIGTERM saves what it has and leaves, and the next run goes on from there.
"""

import signal
import threading
from contextlib import suppress
from types import FrameType

import psutil


def pass_on_sigterm() -> None:
    """From now on a SIGTERM to this process reaches every process it has started, once what heard it before has run."""
    heard = signal.getsignal(signal.SIGTERM)
    if not callable(heard) or threading.current_thread() is not threading.main_thread():
        return

    def pass_on(number: int, frame: FrameType | None) -> None:
        heard(number, frame)
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
