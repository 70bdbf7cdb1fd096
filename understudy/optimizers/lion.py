"""Lion (Chen et al. 2023): steps of one length, by the sign of a mean gradient; it remembers half of what Adam does."""

from collections.abc import Mapping, Sequence

import torch

from understudy.recurrence import Recurrence, Slice


def build(
    groups: Sequence[dict[str, object]],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
) -> torch.optim.Optimizer:
    """The optimizer of parameter `groups`, whose own `weight_decay`, a decoupled one, stands before the one given.

    The paper's betas are 0.9 and 0.99, its learning rates a third to a tenth of Adam's. `epsilon` has no place in it.
    """

    def advance(piece: Slice, group: Mapping[str, float]) -> None:
        (mean,) = piece.slots
        direction = torch._foreach_lerp(mean, piece.gradients, 1 - betas[0])
        torch._foreach_sign_(direction)
        if group["weight_decay"]:
            torch._foreach_mul_(piece.weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(piece.weights, direction, alpha=-group["lr"])
        torch._foreach_lerp_(mean, piece.gradients, 1 - betas[1])

    return Recurrence(groups, advance, slots=["mean"], learning_rate=learning_rate, weight_decay=weight_decay)
