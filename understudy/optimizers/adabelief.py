"""AdaBelief (Zhuang et al. 2020): Adam with long steps where gradients are as expected."""

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
    bias_correction: bool = True,
    epsilon_inside: bool = True,
) -> torch.optim.Optimizer:
    """The optimizer of parameter `groups`, whose own `weight_decay`, a decoupled one, stands before the one given.

    As in the paper, `epsilon` is added to the mean square surprise at every step, and once more to its root.
    DeepFaceLab's form has no `bias_correction` and adds it to the root alone: not `epsilon_inside`.
    """

    def advance(piece: Slice, group: Mapping[str, float]) -> None:
        mean, spread = piece.slots
        torch._foreach_lerp_(mean, piece.gradients, 1 - betas[0])
        surprise = torch._foreach_sub(piece.gradients, mean)
        torch._foreach_mul_(spread, betas[1])
        torch._foreach_addcmul_(spread, surprise, surprise, 1 - betas[1])
        if epsilon_inside:
            torch._foreach_add_(spread, epsilon)
        corrected = [1 - beta**piece.step if bias_correction else 1.0 for beta in betas]
        root = corrected[1] ** 0.5
        length = torch._foreach_sqrt(spread)
        torch._foreach_add_(length, epsilon * root)
        if group["weight_decay"]:
            torch._foreach_mul_(piece.weights, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_addcdiv_(piece.weights, mean, length, -group["lr"] * root / corrected[0])

    return Recurrence(groups, advance, slots=["mean", "spread"], learning_rate=learning_rate, weight_decay=weight_decay)
