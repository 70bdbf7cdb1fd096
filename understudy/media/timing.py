"""When each frame is presented, in exact fractions until the last step."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal

Addressing = Literal["pts", "count"]


def addressing_of(stamps: Sequence[int | None]) -> Addressing:
    """How frame k can be found again: by time stamp when all are there and strictly increase, else by counting."""
    known = [stamp for stamp in stamps if stamp is not None]
    is_increasing = all(before < after for before, after in pairwise(known))
    return "pts" if len(known) == len(stamps) and is_increasing else "count"


def presentation(
    stamps: Sequence[int | None],
    durations: Sequence[int],
    *,
    time_base: Fraction,
    rate: Fraction,
    addressing: Addressing,
) -> tuple[list[float], list[float]]:
    """When each frame is shown and for how long, in seconds, from time stamps and the packets' durations.

    A frame is shown until the next one; the last for its packet's duration, else as long as the one before it.
    Without usable stamps frames follow each other at `rate`.
    """
    if addressing == "count":
        starts = [index / rate for index in range(len(stamps))]
        return [float(start) for start in starts], [float(1 / rate)] * len(stamps)
    starts = [stamp * time_base for stamp in stamps if stamp is not None]
    shown = [after - before for before, after in pairwise(starts)]
    last = durations[-1] * time_base or (shown[-1] if shown else 1 / rate)
    return [float(start) for start in starts], [float(duration) for duration in [*shown, last]]
