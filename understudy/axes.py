"""Where numbers lie on a drawn axis, and which round ones stand beside it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

MOST_TICKS = 7
ROUND = (1, 2, 5)


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, which are told apart, with round numbers `ticks` between; `is_log` needs both above 0."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies: 0 at `low`, 1 at `high`."""
        low, high, place = (math.log10(each) if self.is_log else each for each in (self.low, self.high, value))
        return (place - low) / (high - low)

    def shows(self, value: float) -> bool:
        """Whether the value has a place on an axis of this kind."""
        return math.isfinite(value) and (value > 0 or not self.is_log)


def linear_axis(values: Iterable[float]) -> Axis:
    """An axis from a round number below the values to one above; what is not finite has no say."""
    seen = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(seen), max(seen)
    if low == high:
        reach = abs(low) / 10 or 1.0
        low, high = low - reach, high + reach
    step = _round_step(high - low)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{index * step:.12g}") for index in range(first, last + 1))
    return Axis(ticks[0], ticks[-1], ticks)


def log_axis(values: Iterable[float]) -> Axis:
    """A logarithmic axis from 1, 2 or 5 times a power of ten below the values to one above; what is not above 0 has no
    say.
    """
    seen = [value for value in values if math.isfinite(value) and value > 0] or [0.1, 1.0]
    low, high = min(seen), max(seen)
    begin, end = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    grid = [float(f"{digit}e{power}") for power in range(begin, end + 1) for digit in ROUND]
    below = max(index for index, tick in enumerate(grid) if tick <= low)
    above = min(index for index, tick in enumerate(grid) if tick >= high)
    above = max(above, below + 1)
    ticks = grid[below : above + 1]
    if len(ticks) > MOST_TICKS:
        ticks = [tick for tick in ticks if f"{tick:e}".startswith("1.")]
    thinned = ticks[:: -(-len(ticks) // MOST_TICKS)]
    return Axis(grid[below], grid[above], tuple(thinned), is_log=True)


def step_axis(last: float) -> Axis:
    """The axis of a training's steps: from 0 to the last one, which need not be round."""
    high = max(last, 1.0)
    step = max(_round_step(high), 1.0)
    return Axis(0.0, high, tuple(index * step for index in range(int(high / step + 1e-9) + 1)))


def _round_step(reach: float) -> float:
    """1, 2 or 5 times a power of ten, so that at most six of them reach so far."""
    power = math.floor(math.log10(reach / (MOST_TICKS - 1)))
    candidates = [float(f"{digit}e{exponent}") for exponent in (power, power + 1) for digit in ROUND]
    return next(step for step in candidates if step * (MOST_TICKS - 1) >= reach * (1 - 1e-9))
