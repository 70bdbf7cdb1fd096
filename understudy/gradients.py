"""What a step of training learns: losses and gradients of its parts, summed over threads and processes in one order."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.blocks.kept import GRADIENTS
from understudy.group import Group
from understudy.sums import tree_sum


@dataclass(frozen=True)
class Learnt:
    """Losses by name, gradients by weight, and which signal has asked for an end (0: none); of one part or of many."""

    losses: Mapping[str, float]
    gradients: list[Tensor]
    signal: int = 0

    def __add__(self, other: "Learnt") -> "Learnt":
        """Their sum; the gradients of both are used up."""
        torch._foreach_add_(self.gradients, other.gradients)
        GRADIENTS.give_back(other.gradients)
        losses = {name: loss + other.losses[name] for name, loss in self.losses.items()}
        return Learnt(losses, self.gradients, max(self.signal, other.signal))


def summed(mine: Learnt, group: Group, *, signal: int) -> Learnt:
    """The sum over what every process has learnt, the same in each. The gradients of `mine` are used up."""
    if group.number == 1:
        return Learnt(mine.losses, mine.gradients, signal)
    packed = _pack(Learnt(mine.losses, mine.gradients, signal))
    GRADIENTS.give_back(mine.gradients)
    return tree_sum([_unpack(each, like=mine) for each in group.gathered(packed)], Learnt.__add__)


def _pack(learnt: Learnt) -> Tensor:
    """All of it as one row of float32; losses stay float64, as two places each, for their last bits count too."""
    numbers = torch.tensor([*learnt.losses.values(), learnt.signal], dtype=torch.float64).view(torch.float32)
    gradients = [gradient.reshape(-1) for gradient in learnt.gradients]
    return torch.cat([numbers.to(gradients[0].device), *gradients])


def _unpack(packed: Tensor, *, like: Learnt) -> Learnt:
    places = 2 * (len(like.losses) + 1)
    *losses, signal = packed[:places].view(torch.float64).tolist()
    pieces = torch.split(packed[places:], [gradient.numel() for gradient in like.gradients])
    gradients = [piece.view(gradient.shape) for piece, gradient in zip(pieces, like.gradients, strict=True)]
    return Learnt(dict(zip(like.losses, losses, strict=True)), gradients, int(signal))
