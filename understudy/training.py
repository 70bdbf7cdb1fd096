"""The training loop of every model: a fixed number of steps, exact resume, the same bytes on any number of cores.

Or of processes, each with a device of its own: see understudy.group.
"""

import importlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.stage import progress

import torch
from pydantic import Field
from torch import Tensor
from tqdm import tqdm

from understudy.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from understudy.endings import Ended, deferring, say
from understudy.errors import ModelError
from understudy.gradients import Learnt, summed
from understudy.group import Group
from understudy.model import FaceModel
from understudy.params import Settings
from understudy.workers import Workers

Row = dict[str, float]


class TrainingSettings(Settings):
    """How any model is trained."""

    seed: int = Field(ge=0)
    """Start of every random draw; another seed is another, equally good swapper."""
    steps: int = Field(ge=1)
    """Number of steps. The preview says whether more would help; the schedule always ends with the last step."""
    optimizer: Literal["adam", "adamw"]
    """A file of understudy/optimizers/."""
    beta1: float = Field(ge=0, lt=1)
    """Memory of the gradient's mean."""
    beta2: float = Field(ge=0, lt=1)
    """Memory of the gradient's square; 0.99 for short runs, 0.999 for long ones."""
    epsilon: float = Field(gt=0, le=1)
    """Added to the root of the gradient's square."""
    weight_decay: float = Field(ge=0, le=1)
    """Pull of the weights towards zero."""
    warmup: float = Field(ge=0, lt=1)
    """Share of the steps over which the learning rate rises to its height."""
    last_rate: float = Field(ge=0, le=1)
    """Share of the learning rate that is left at the last step, at the end of a cosine; 1 keeps it constant."""
    clip: float = Field(gt=0)
    """Longest gradient; longer ones are shortened to it."""
    ema: float = Field(ge=0, lt=1)
    """Memory of the averaged weights, which are what is kept; 0 keeps the last step's weights."""
    parts: int = Field(ge=1, le=64)
    """Pieces a batch is computed in; as many cores or devices can work at once. Changes results in their last bits."""
    measure_every: int = Field(ge=1)
    """Steps between rows of the history."""
    save_every: int = Field(ge=1)
    """Steps between checkpoints and previews: what is lost at most when a run is killed."""


@dataclass
class _Progress:
    """What a checkpoint holds besides tensors: steps done, rows so far, and losses since the last row."""

    step: int = 0
    rows: list[Row] = field(default_factory=list)
    recent: list[dict[str, float]] = field(default_factory=list)


def train(
    model: FaceModel,
    settings: TrainingSettings,
    *,
    team: Workers,
    group: Group,
    folder: Path,
    on_save: Callable[[], None],
) -> list[Row]:
    """The history of a training that leaves its averaged weights in `model.network`.

    Goes on from the newest checkpoint in `folder`. The first process of the group writes checkpoints and rows, and
    calls `on_save` at every save and at the end, while the network holds the averaged weights; others return no rows.
    When a signal asks for the end, the step at hand is finished and saved, and Ended raised, in all processes.
    """
    if model.batch % settings.parts:
        raise ModelError(
            f"params.yaml: swapper.parts: a batch of {model.batch} does not divide into {settings.parts} parts"
        )
    group.share(model.network)
    parameters = dict(model.network.named_parameters())
    average = {name: value.detach().clone() for name, value in parameters.items()}
    optimizer = _optimizer(model, settings)
    done = _resume(folder, model, average, optimizer)
    group.check_same(f"{folder.name} {done.step}", "code, inputs, parameters or checkpoints")
    with deferring() as asked:
        for step in _steps(done.step, settings.steps, group):
            rate = _set_rates(optimizer, model.learning_rate * _schedule(settings, step))
            learnt = _learn(model, parameters, settings, step=step, team=team, group=group, signal=asked.signal)
            done.recent.append(learnt.losses)
            optimizer.step()
            _follow(average, parameters, decay=min(settings.ema, (1 + step) / (10 + step)))
            done.step = step + 1
            last = done.step == settings.steps
            if last or done.step % settings.measure_every == 0:
                if group.leads:
                    done.rows.append(_measure(model, parameters, average, done, rate=rate))
                done.recent = []
            is_due = last or done.step % settings.save_every == 0
            if group.leads and (is_due or learnt.signal):
                _save(folder, model, average, optimizer, done)
            if group.leads and is_due and not learnt.signal:
                with holding(parameters, average):
                    on_save()
            if learnt.signal:
                group.wait()  # one that leaves before the checkpoint is written would be mourned as dead
                raise Ended(learnt.signal)
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(average[name])
    return done.rows


@contextmanager
def holding(parameters: Mapping[str, Tensor], average: Mapping[str, Tensor]) -> Iterator[None]:
    """The network with its averaged weights for the time of the block."""
    before = {name: value.detach().clone() for name, value in parameters.items()}
    with torch.no_grad():
        for name, value in parameters.items():
            value.copy_(average[name])
    try:
        yield
    finally:
        with torch.no_grad():
            for name, value in parameters.items():
                value.copy_(before[name])


def _steps(first: int, end: int, group: Group) -> Iterable[int]:
    steps = range(first, end)
    return progress(steps, total=len(steps), description="training", unit="step") if group.leads else steps


def _learn(
    model: FaceModel,
    parameters: Mapping[str, Tensor],
    settings: TrainingSettings,
    *,
    step: int,
    team: Workers,
    group: Group,
    signal: int,
) -> Learnt:
    """The mean losses of a step, whose clipped mean gradient is left in the parameters."""
    weights = list(parameters.values())

    def part_of(part: int) -> Learnt:
        losses = model.losses(step=step, part=part, faces=model.batch // settings.parts)
        total = torch.stack(list(losses.values())).sum()
        gradients = torch.autograd.grad(total, weights, allow_unused=True, materialize_grads=True)
        return Learnt({side: float(loss.detach()) for side, loss in losses.items()}, list(gradients))

    learnt = summed(team.map(part_of, group.block(settings.parts)), group, signal=signal)
    losses = {side: loss / settings.parts for side, loss in learnt.losses.items()}
    if not all(math.isfinite(loss) for loss in losses.values()):
        raise ModelError(f"training: the loss is no number at step {step}; lower the learning rate and run again")
    for weight, gradient in zip(weights, learnt.gradients, strict=True):
        weight.grad = gradient / settings.parts
    torch.nn.utils.clip_grad_norm_(weights, settings.clip)
    return Learnt(losses, [], learnt.signal)


def _measure(
    model: FaceModel,
    parameters: Mapping[str, Tensor],
    average: Mapping[str, Tensor],
    done: _Progress,
    *,
    rate: float,
) -> Row:
    sides = done.recent[0]
    losses = {side: sum(each[side] for each in done.recent) / len(done.recent) for side in sides}
    row: Row = {"step": done.step, "learning_rate": rate, "loss": sum(losses.values())}
    row |= {f"loss_{side}": loss for side, loss in losses.items()}
    with holding(parameters, average):
        row |= {f"validation_{name}": value for name, value in model.validation().items()}
    with tqdm.external_write_mode(file=sys.stderr):
        say(_said(row))
    return row


def _said(row: Row) -> str:
    values = [f"{name} {value:.4g}" for name, value in row.items() if name not in ("step", "learning_rate")]
    return f"step {int(row['step'])}: {', '.join(values)}"


def _optimizer(model: FaceModel, settings: TrainingSettings) -> torch.optim.Optimizer:
    chosen = importlib.import_module(f"understudy.optimizers.{settings.optimizer}")
    made: torch.optim.Optimizer = chosen.build(
        model.parameter_groups(),
        learning_rate=model.learning_rate,
        betas=(settings.beta1, settings.beta2),
        epsilon=settings.epsilon,
        weight_decay=settings.weight_decay,
    )
    return made


def _schedule(settings: TrainingSettings, step: int) -> float:
    """The share of the learning rate at a step: a straight rise, times a cosine down to `last_rate`."""
    share = (step + 1) / settings.steps
    rise = min(1.0, share / settings.warmup) if settings.warmup else 1.0
    return rise * (settings.last_rate + (1 - settings.last_rate) * (0.5 + 0.5 * math.cos(math.pi * share)))


def _set_rates(optimizer: torch.optim.Optimizer, rate: float) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("rate", 1.0)
    return rate


@torch.no_grad()
def _follow(average: Mapping[str, Tensor], parameters: Mapping[str, Tensor], *, decay: float) -> None:
    torch._foreach_lerp_(list(average.values()), list(parameters.values()), 1 - decay)


def _save(
    folder: Path,
    model: FaceModel,
    average: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer,
    done: _Progress,
) -> None:
    tensors = {f"network.{name}": value for name, value in model.network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    facts = {"rows": done.rows, "recent": done.recent}
    write_checkpoint(folder, Checkpoint(done.step, tensors, facts))


def _resume(
    folder: Path, model: FaceModel, average: Mapping[str, Tensor], optimizer: torch.optim.Optimizer
) -> _Progress:
    found = read_checkpoint(folder)
    if found is None:
        return _Progress()
    model.network.load_state_dict(_below(found.tensors, "network."))
    with torch.no_grad():
        for name, value in _below(found.tensors, "average.").items():
            average[name].copy_(value)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _below(found.tensors, "optimizer.").items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    facts = json.loads(json.dumps(found.facts))
    return _Progress(found.step, facts["rows"], facts["recent"])


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
