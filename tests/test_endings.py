"""Signals, want of memory and of room end a process in order, with one line."""

import errno
import os
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from understudy.endings import Ended, deferring, mendable, orderly, say, unheard


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_block_after_what_must_be_cleared_up(number, status):
    cleared = []
    with pytest.raises(Ended, match=f"ended by {number.name}") as end, orderly():
        try:
            send(number)
        finally:
            send(signal.SIGTERM)  # a second one disturbs nothing
            cleared.append(True)
    assert cleared == [True]
    assert end.value.status == status


def test_handlers_are_as_before_after_the_block():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with orderly(), deferring():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_a_deferred_signal_ends_the_block_only_at_its_end():
    done = []
    with pytest.raises(Ended, match="SIGTERM"), deferring() as asked:
        send(signal.SIGTERM)
        send(signal.SIGTERM)
        done.append(asked.signal)
    assert done == [signal.SIGTERM]


def test_who_presses_ctrl_c_twice_does_not_wait():
    with pytest.raises(Ended, match="SIGINT"), deferring():
        send(signal.SIGINT)
        send(signal.SIGINT)
        pytest.fail("it went on")


def test_a_process_that_is_started_unheard_does_not_hear_signals():
    with unheard():
        child = subprocess.Popen(
            [sys.executable, "-c", "print(input())"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    child.terminate()
    child.send_signal(signal.SIGINT)
    assert child.communicate(b"alive\n")[0] == b"alive\n"


def test_a_signal_that_was_ignored_from_the_start_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with orderly():
            send(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    "take",
    [
        lambda: bytearray(1 << 62),
        lambda: np.zeros(1 << 58),
        lambda: torch.zeros(1 << 58),
        lambda: cv2.resize(np.zeros((1, 1), np.uint8), (2_000_000_000, 2_000_000_000)),
    ],
)
def test_want_of_memory_is_told_as_such(take):
    with pytest.raises(Exception) as caught:
        take()
    words = mendable(caught.value, "data/a")
    assert words is not None
    assert words.startswith("data/a: not enough memory; nothing was changed, give it more memory")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "make room"), (errno.EROFS, "make it writable"), (errno.EFBIG, "allow larger files")],
)
def test_want_of_room_or_permission_says_where_and_what_to_do(number, remedy):
    words = mendable(OSError(number, "", "data/b"), "data/a")
    assert words is not None
    assert words.startswith(f"data/b: {os.strerror(number)}; nothing was changed, {remedy}")


@pytest.mark.parametrize(
    "error", [ValueError("out of range"), FileNotFoundError(errno.ENOENT, "no"), KeyError("memory")]
)
def test_other_errors_are_not_made_light_of(error):
    assert mendable(error, "data/a") is None


def test_a_log_whose_reader_is_gone_ends_nothing(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as log:
        monkeypatch.setattr("sys.stderr", log)
        say("one")
        say("two")
