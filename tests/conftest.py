"""Tests compute as stages do: the package settles the instruction set before any test loads numpy."""

import understudy  # noqa: F401 - for what its import does
