"""Tests compute as stages do: the package settles the instruction set before any test loads numpy."""

import signal
from pathlib import Path

import pytest

import understudy  # noqa: F401 - for what its import does

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # tests that run in the background, whose processes are to hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)

SLOW = Path(__file__).parent / "engines"  # whole builds; begun last, they would keep one core busy alone


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files, and fill up with the others."""
    items.sort(key=lambda item: SLOW not in item.path.parents)
