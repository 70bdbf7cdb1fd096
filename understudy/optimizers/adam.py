"""Adam (Kingma and Ba 2015); weight decay is added to the gradient."""

from collections.abc import Sequence

import torch

from understudy.layouts import align


def build(
    groups: Sequence[dict[str, object]],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
) -> torch.optim.Optimizer:
    """The optimizer of parameter `groups`; a group's own `weight_decay` stands before the one given."""
    optimizer = torch.optim.Adam(
        list(groups), lr=learning_rate, betas=betas, eps=epsilon, weight_decay=weight_decay, fused=True
    )
    optimizer.register_step_pre_hook(align)
    return optimizer
