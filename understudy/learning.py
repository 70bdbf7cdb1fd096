"""One step of learning: losses and gradients of a batch's parts, summed in one order over threads and processes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.errors import ModelError
from understudy.gradients import Learnt, summed
from understudy.group import Group
from understudy.model import CRITICS, FaceModel
from understudy.precision import Precision, narrowed
from understudy.workers import Workers


@dataclass(frozen=True)
class Lesson:
    """What is learnt from in a step, and what learns: the weights of the painter and of its critics by name.

    `scale` multiplies losses before the way back, so that half-precision gradients do not vanish; 1 for others.
    """

    model: FaceModel
    step: int
    parts: int
    painter: Mapping[str, Tensor]
    critics: Mapping[str, Tensor]
    precision: Precision
    scale: float

    def part(self, part: int) -> Learnt:
        """Losses and gradients of one part of the batch. Raises ModelError when a loss is no number."""
        faces = self.model.batch // self.parts
        with narrowed(self.precision, next(iter(self.painter.values())).device):
            losses = dict(self.model.losses(step=self.step, part=part, faces=faces))
        judged = losses.pop(CRITICS, None)
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        if judged is not None:
            values[CRITICS] = float(judged.detach())
        self._check(values, part=part, faces=faces)
        gradients = _gradients(torch.stack(list(losses.values())).sum() * self.scale, self.painter)
        if self.critics:
            assert judged is not None
            gradients += _gradients(judged * self.scale, self.critics)
        return Learnt(values, gradients)

    def _check(self, losses: Mapping[str, float], *, part: int, faces: int) -> None:
        for name, loss in losses.items():
            if not math.isfinite(loss):
                rows = ", ".join(self.model.drawn_names(step=self.step, part=part, faces=faces))
                raise ModelError(
                    f"training: the loss {name} is {loss} at step {self.step}, with the faces {rows}; nothing of it "
                    "was kept. Lower the learning rate or clip, look at those faces, and run again from the checkpoint"
                )


def learn(lesson: Lesson, *, team: Workers, group: Group, clip: float, signal: int) -> Learnt:
    """The mean losses of a step, whose clipped mean gradient is left in the weights.

    With `scale`, gradients that overflowed are left as they are: `are_finite` tells. `clip` 0 clips nothing.
    """
    learnt = summed(team.summed(lesson.part, group.block(lesson.parts)), group, signal=signal)
    losses = {name: loss / lesson.parts for name, loss in learnt.losses.items()}
    torch._foreach_div_(learnt.gradients, lesson.parts * lesson.scale)
    weights = [*lesson.painter.values(), *lesson.critics.values()]
    for weight, gradient in zip(weights, learnt.gradients, strict=True):
        weight.grad = gradient
    if clip:
        for some in (lesson.painter, lesson.critics):
            if some:
                torch.nn.utils.clip_grad_norm_(some.values(), clip)
    return Learnt(losses, learnt.gradients, learnt.signal)


def are_finite(gradients: Sequence[Tensor]) -> bool:
    """Whether all of them are numbers."""
    norms = torch._foreach_norm(list(gradients))
    return bool(torch.isfinite(torch.stack(norms)).all())


def _gradients(total: Tensor, weights: Mapping[str, Tensor]) -> list[Tensor]:
    return list(torch.autograd.grad(total, list(weights.values()), allow_unused=True, materialize_grads=True))
