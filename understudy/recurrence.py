"""Optimizers written as a recurrence over slices of the weights that stay in a core's cache.

On a CPU, a pass over all the weights for every operation is bound by memory: eight operations cost eight times what
one does. A slice goes through all of them at once. On other devices a slice is everything, for fewer and larger calls.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SLICE = 65_536  # numbers: with gradient, slots and passing results about a megabyte

Tensors = list[Tensor]


@dataclass(frozen=True)
class Slice:
    """Parts of weights, their gradients and slots, lists of one length each, and the number of the step from 1."""

    weights: Tensors
    gradients: Tensors
    slots: tuple[Tensors, ...]
    step: int


class Sliced(torch.optim.Optimizer):
    """What gives optimizers their slices.

    Everything remembered is in tensors beside each weight: its slots, which start at 0, and the number of its steps.
    A group's own `weight_decay` stands before the one given.
    """

    def __init__(
        self, groups: Sequence[dict[str, object]], *, slots: Sequence[str], learning_rate: float, weight_decay: float
    ) -> None:
        self._slots = tuple(slots)
        super().__init__(list(groups), {"lr": learning_rate, "weight_decay": weight_decay})

    def slices(self, weights: Sequence[Tensor]) -> Iterator[Slice]:
        """The slices of weights that have gradients; each weight counts one more step."""
        for step, same in self._by_step(weights).items():
            rows = [[weight, weight.grad, *(self.state[weight][name] for name in self._slots)] for weight in same]
            if same[0].device.type == "cpu":
                yield from (_slice([part], step) for row in rows for part in _cut(row))
            else:
                yield _slice(rows, step)

    def forget(self, weight: Tensor) -> None:
        """Remember nothing of a weight; what is known of all weights together stays."""
        for name in ("step", *self._slots):
            self.state[weight].pop(name, None)

    def _by_step(self, weights: Sequence[Tensor]) -> dict[int, Tensors]:
        found: dict[int, Tensors] = {}
        for weight in weights:
            if weight.grad is not None:
                found.setdefault(self._counted(weight), []).append(weight)
        return found

    def _counted(self, weight: Tensor) -> int:
        state = self.state[weight]
        if "step" not in state:
            state["step"] = torch.zeros(())
            state.update({name: torch.zeros_like(weight) for name in self._slots})
        state["step"] += 1
        return int(state["step"])


class Recurrence(Sliced):
    """An optimizer whose `advance` changes a slice of weights and slots in place, by the settings of their group."""

    def __init__(
        self,
        groups: Sequence[dict[str, object]],
        advance: Callable[[Slice, Mapping[str, float]], None],
        *,
        slots: Sequence[str],
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self._advance = advance
        super().__init__(groups, slots=slots, learning_rate=learning_rate, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Advance every weight that has a gradient."""
        for group in self.param_groups:
            for piece in self.slices(group["params"]):
                self._advance(piece, group)


def _cut(row: Sequence[Tensor]) -> Iterator[Sequence[Tensor]]:
    """Tensors of one shape cut alike; those that do not lie in one piece remain whole."""
    if all(each.is_contiguous() for each in row):
        yield from zip(*(torch.split(each.view(-1), SLICE) for each in row), strict=True)
    else:
        yield row


def _slice(rows: Sequence[Sequence[Tensor]], step: int) -> Slice:
    weights, gradients, *slots = (list(column) for column in zip(*rows, strict=True))
    return Slice(weights, gradients, tuple(slots), step)
