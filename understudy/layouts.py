"""Gradients and moments laid out in memory as their weights are.

Torch's fused optimizers walk through memory: on a CPU they take numbers for each other, silently, where a weight has
its channels last and its gradient has not, or the other way round. Autograd lays gradients out as the pictures were,
checkpoints lay moments flat.
"""

import torch
from torch import Tensor


def align(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
    """Lay gradients and state out as their weights: a hook before every step."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            if weight.grad is not None and weight.grad.stride() != weight.stride():
                weight.grad = _as(weight, weight.grad)
            state = optimizer.state.get(weight, {})
            for name, value in state.items():
                if value.shape == weight.shape and value.stride() != weight.stride():
                    state[name] = _as(weight, value)


def _as(weight: Tensor, values: Tensor) -> Tensor:
    return torch.empty_like(weight, requires_grad=False).copy_(values)
