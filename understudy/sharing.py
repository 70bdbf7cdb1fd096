"""How a clip is cut for a stage: pieces of a fixed size, and which of them one process takes.

The size is part of the stage and never of the machine, so that nothing depends on how many processes share the work.
"""

import re
from dataclasses import dataclass

from understudy.errors import SettingsError

SHARE = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)")


@dataclass(frozen=True)
class Share:
    """One of `number` shares of a stage's pieces; `place` counts from 1."""

    place: int
    number: int

    def __str__(self) -> str:
        """As on the command line: 3/8."""
        return f"{self.place}/{self.number}"

    def of(self, pieces: int) -> range:
        """Which of so many pieces are this share's: every `number`-th, so that dear scenes are spread."""
        return range(self.place - 1, pieces, self.number)


@dataclass(frozen=True)
class Pieces:
    """A stage that works through its clip piece by piece: so many frames or faces each; all of them, or one share."""

    size: int
    share: Share | None = None


def parse_share(text: str) -> Share:
    """The share that `text` names. Raises SettingsError unless it is like 3/8, counted from 1."""
    match = SHARE.fullmatch(text)
    if not match or int(match[1]) > int(match[2]):
        raise SettingsError(f"--share: {text!r} is not a share; expected 1/8 to 8/8, or the like")
    return Share(int(match[1]), int(match[2]))
