"""Tests compute as stages do: the package settles the instruction set before any test loads numpy."""

import signal

import understudy  # noqa: F401 - for what its import does

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # tests that run in the background, whose processes are to hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)
