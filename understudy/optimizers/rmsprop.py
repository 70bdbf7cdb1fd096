"""RMSprop (Hinton 2012): steps over the root of the mean square gradient; weight decay is added to the gradient."""

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
    epsilon_inside: bool = False,
) -> torch.optim.Optimizer:
    """The optimizer of parameter `groups`; a group's own `weight_decay` stands before the one given.

    The second of `betas` is the memory of the square, ρ, usually 0.9; the first has no place in it. TensorFlow's form
    adds `epsilon` to the square instead of to its root: `epsilon_inside`.
    """

    def advance(piece: Slice, group: Mapping[str, float]) -> None:
        (square,) = piece.slots
        gradients = torch._foreach_add(piece.gradients, piece.weights, alpha=group["weight_decay"])
        torch._foreach_mul_(square, betas[1])
        torch._foreach_addcmul_(square, gradients, gradients, 1 - betas[1])
        length = torch._foreach_sqrt(torch._foreach_add(square, epsilon) if epsilon_inside else square)
        if not epsilon_inside:
            torch._foreach_add_(length, epsilon)
        torch._foreach_addcdiv_(piece.weights, gradients, length, -group["lr"])

    return Recurrence(groups, advance, slots=["square"], learning_rate=learning_rate, weight_decay=weight_decay)
