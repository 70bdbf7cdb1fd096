"""Phases of a training as data, and the learning rate over its steps."""

import math
from collections.abc import Sequence
from typing import TypeVar

from pydantic import Field

from understudy.params import Settings


class Phase(Settings):
    """A stretch of a training that differs from the rest of it."""

    until: int = Field(ge=1)
    """The step it ends before; phases stand in order, and what comes after the last is trained as its model says."""
    rate: float = Field(default=1.0, ge=0, le=100)
    """Factor on the learning rate."""
    frozen: tuple[str, ...] = ()
    """Parts of the network that are not trained, by the beginning of their names: encoder, decoders.source."""
    anew: tuple[str, ...] = ()
    """Parts that start from random weights again when the phase begins, likewise; their optimizer forgets them."""
    critics: float = Field(default=1.0, ge=0, le=100)
    """Factor on the weights of the model's critics; 0 leaves them out."""


Kind = TypeVar("Kind", bound=Phase)
ALWAYS = Phase(until=2**62)
"""What holds after the last phase, and where there are none."""


def phase_at(phases: Sequence[Kind], step: int, *, after: Kind) -> Kind:
    """The phase of a step, from 0; `after` is what holds when all are over."""
    return next((phase for phase in phases if step < phase.until), after)


def begins_at(phases: Sequence[Phase], step: int) -> bool:
    """Whether one of the phases begins with this step; the first one begins a training."""
    return step == 0 or any(phase.until == step for phase in phases)


def is_below(name: str, parts: Sequence[str]) -> bool:
    """Whether a weight belongs to one of these parts of the network."""
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def share_of_rate(step: int, *, steps: int, warmup: float, last_rate: float, wave_steps: int) -> float:
    """The share of the learning rate at a step.

    A straight rise over a share `warmup` of all `steps`, times a cosine from 1 down to `last_rate`, times, where
    `wave_steps` is not 0, a cosine that falls to 0 and rises again every so many steps.
    """
    share = (step + 1) / steps
    rise = min(1.0, share / warmup) if warmup else 1.0
    wave = 0.5 + 0.5 * math.cos(2 * math.pi * step / wave_steps) if wave_steps else 1.0
    return rise * wave * (last_rate + (1 - last_rate) * (0.5 + 0.5 * math.cos(math.pi * share)))
