"""Adamax (Kingma and Ba 2015): Adam over the largest gradient instead of the mean square; decay is added to it."""

from collections.abc import Sequence

import torch


def build(
    groups: Sequence[dict[str, object]],
    *,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
    weight_decay: float,
) -> torch.optim.Optimizer:
    """The optimizer of parameter `groups`; a group's own `weight_decay` stands before the one given."""
    return torch.optim.Adamax(
        list(groups), lr=learning_rate, betas=betas, eps=epsilon, weight_decay=weight_decay, foreach=True
    )
