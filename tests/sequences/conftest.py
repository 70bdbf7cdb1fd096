"""Projects to play with: those of the engines' tests."""

from tests.engines.conftest import finished, pristine  # noqa: F401  fixtures of the engines' tests
