"""Prodigy (Mishchenko and Defazio 2023): Adam that finds its learning rate from how far the weights have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.recurrence import Slice, Sliced

SLOTS = ("mean", "square", "seen", "first")  # of gradients; of their squares; their sum by rate; the weights at first


def build(
    groups: Sequence[dict[str, object]],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
    bias_correction: bool = False,
    safeguard_warmup: bool = False,
    first_distance: float = 1e-6,
    coefficient: float = 1.0,
) -> torch.optim.Optimizer:
    """The optimizer of parameter `groups`, whose own `weight_decay`, a decoupled one, stands before the one given.

    The rate it finds is multiplied by `learning_rate`, which is 1 for it; what it takes for the distance to the goal
    by `coefficient`. `safeguard_warmup` keeps a warm-up from slowing the search. It remembers four numbers a weight.
    """
    search = _Search(betas, epsilon, bias_correction, safeguard_warmup, first_distance, coefficient)
    return _Prodigy(groups, search, learning_rate=learning_rate, weight_decay=weight_decay)


@dataclass(frozen=True)
class _Search:
    betas: tuple[float, float]
    epsilon: float
    bias_correction: bool
    safeguard_warmup: bool
    first_distance: float
    coefficient: float

    def rate(self, piece: Slice, group: Mapping[str, float], distance: float) -> float:
        """The learning rate of a slice."""
        if not self.bias_correction:
            return distance * group["lr"]
        corrections = [1 - beta**piece.step for beta in self.betas]
        return distance * group["lr"] * corrections[1] ** 0.5 / corrections[0]

    def look(self, piece: Slice, rate: float, distance: float) -> tuple[float, float]:
        """What the gradients say of the way come so far, and how large they were; the moments take them up."""
        mean, square, seen, first = piece.slots
        share = distance / self.first_distance
        way = torch._foreach_sub(first, piece.weights)
        torch._foreach_mul_(way, piece.gradients)
        torch._foreach_mul_(mean, self.betas[0])
        torch._foreach_add_(mean, piece.gradients, alpha=distance * (1 - self.betas[0]))
        torch._foreach_mul_(square, self.betas[1])
        torch._foreach_addcmul_(square, piece.gradients, piece.gradients, distance**2 * (1 - self.betas[1]))
        torch._foreach_mul_(seen, self.betas[1] ** 0.5)
        torch._foreach_add_(seen, piece.gradients, alpha=share * (distance if self.safeguard_warmup else rate))
        return share * rate * _total([each.sum() for each in way]), _total(torch._foreach_norm(seen, 1))

    def move(self, piece: Slice, group: Mapping[str, float], rate: float, distance: float) -> None:
        """The weights of a slice, moved."""
        mean, square, _, _ = piece.slots
        length = torch._foreach_sqrt(square)
        torch._foreach_add_(length, distance * self.epsilon)
        if group["weight_decay"]:
            torch._foreach_mul_(piece.weights, 1 - rate * group["weight_decay"])
        torch._foreach_addcdiv_(piece.weights, mean, length, -rate)


class _Prodigy(Sliced):
    """All groups look for one distance, which is kept beside the first weight, in tensors as all that is remembered."""

    def __init__(
        self,
        groups: Sequence[dict[str, object]],
        search: _Search,
        *,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self._search = search
        super().__init__(groups, slots=SLOTS, learning_rate=learning_rate, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Look at every gradient, then move every weight by the distance that is known then."""
        search, shared = self._search, self.state[self.param_groups[0]["params"][0]]
        starts = {"distance": search.first_distance, "farthest": search.first_distance, "gain": 0.0}
        before, farthest, gain = (float(shared.get(name, start)) for name, start in starts.items())
        slices = [(piece, group) for group in self.param_groups for piece in self.slices(group["params"])]
        for piece, _ in slices:
            if piece.step == 1:
                torch._foreach_copy_(piece.slots[SLOTS.index("first")], piece.weights)
        rates = [search.rate(piece, group, before) for piece, group in slices]
        found = [search.look(piece, rate, before) for (piece, _), rate in zip(slices, rates, strict=True) if rate > 0]
        gain = search.betas[1] ** 0.5 * gain + sum(each for each, _ in found)
        size = sum(each for _, each in found)
        distance = before
        if size > 0:
            guess = search.coefficient * gain / size
            farthest = max(farthest, guess)
            distance = farthest
        for (piece, group), rate in zip(slices, rates, strict=True):
            search.move(piece, group, rate, distance)
        values = {"distance": distance, "farthest": farthest, "gain": gain}
        shared.update({name: torch.tensor(value) for name, value in values.items()})


def _total(values: Sequence[Tensor]) -> float:
    return float(torch.stack(list(values)).sum())
