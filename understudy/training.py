"""The training loop of every model: a fixed number of steps, exact resume, the same bytes on any number of cores.

Or of processes, each with a device of its own: see understudy.group.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import monotonic  # read to say how long a save took, never for an artifact
from typing import Literal

from understudy.stage import progress

import torch
from pydantic import Field
from tqdm import tqdm

from understudy.blocks.kept import GRADIENTS
from understudy.course import check_course, check_parts, first_scale, scale_held
from understudy.endings import Ended, deferring, say
from understudy.errors import ModelError
from understudy.gradients import Learnt
from understudy.group import Group
from understudy.learning import Lesson, are_finite, learn
from understudy.model import CRITICS, FaceModel
from understudy.params import Settings
from understudy.phases import ALWAYS, Phase, begins_at, is_below, phase_at, share_of_rate
from understudy.precision import Precision
from understudy.progress import Progress, Row
from understudy.randomness import torch_generator
from understudy.workers import Workers


class TrainingSettings(Settings):
    """How any model is trained."""

    seed: int = Field(ge=0)
    """Start of every random draw; another seed is another, equally good swapper."""
    steps: int = Field(ge=1)
    """Number of steps. The preview says whether more would help; the schedule always ends with the last step."""
    optimizer: str
    """A file of understudy/optimizers/. adamw for all; adabelief and rmsprop are DeepFaceLab's; lion wants a third of
    the rate; prodigy finds its rate itself, with the model's at 1."""
    optimizer_options: dict[str, bool] = Field(default={})
    """The optimizer's own forms, by name; see its file. DeepFaceLab's AdaBelief: bias_correction and epsilon_inside
    false."""
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
    wave_steps: int = Field(default=0, ge=0)
    """Steps in which the learning rate sinks to nothing and rises again, all along; 0 for no waves."""
    clip: float = Field(ge=0)
    """Longest gradient; longer ones are shortened to it. 0 shortens none."""
    ema: float = Field(ge=0, lt=1)
    """Memory of the averaged weights, which are what is kept; 0 keeps the last step's weights."""
    parts: int = Field(ge=1, le=64)
    """Pieces a batch is computed in, whose gradients are added up; as many cores or devices can work at once. A batch
    too large for the memory fits in more parts. Changes results in their last bits."""
    precision: Precision = "float32"
    """What the networks' convolutions and matrix products compute with: bfloat16 or float16 is faster where the
    hardware has it (float16 with a scale that follows the gradients), and less exact. Pictures are varied, and losses
    taken, in float32."""
    learning_rate_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the weights that stay as they are in a step, chosen by chance each time; 0.7 is DeepFaceLab's."""
    critic_rate: float = Field(default=1.0, gt=0, le=100)
    """Learning rate of critics, as a factor on the painter's."""
    measure_every: int = Field(ge=1)
    """Steps between rows of the history."""
    save_every: int = Field(ge=1)
    """Steps between checkpoints and previews: what is lost at most when a run is killed."""
    keep: Literal["last", "best"] = "last"
    """Which averaged weights are kept: those of the last step, or those with the lowest validation loss."""
    patience: int = Field(default=0, ge=0)
    """Measurements without a lower validation loss after which training ends; 0 goes on to the last step."""
    diverged: float = Field(default=20.0, ge=0)
    """Training is given up when a step's loss is so many times the lowest mean loss of a row; 0 never gives up."""


def train(
    model: FaceModel,
    settings: TrainingSettings,
    *,
    team: Workers,
    group: Group,
    folder: Path,
    on_save: Callable[[list[Row]], None],
) -> list[Row]:
    """The history of a training that leaves in `model.network` the weights that `settings` say to keep.

    Goes on from the newest checkpoint in `folder`. The first process of the group writes checkpoints and rows, and
    calls `on_save` with the rows so far at every save and at the end, while the network holds the averaged weights;
    others return no rows.
    When a signal asks for the end, the step at hand is finished and saved, and Ended raised, in all processes.
    Raises ModelError when a loss or a gradient is no number or a loss has run away; the last checkpoint is from before.
    """
    if model.batch % settings.parts:
        raise ModelError(
            f"params.yaml: swapper.parts: a batch of {model.batch} does not divide into {settings.parts} parts"
        )
    check_parts(model)
    for network in (model.network, model.critics):
        if network is not None:
            group.share(network)
    state = Progress(model, _optimizer(model, settings), ema=settings.ema, keeps_best=settings.keep == "best")
    state.facts.scale = first_scale(settings.precision)
    state.resume(folder)
    group.check_same(f"{folder.name} {state.step}", "code, inputs, parameters or checkpoints")
    with deferring() as asked:
        for step in _steps(state.step, settings.steps, group):
            if _is_over(state, settings):
                break
            learnt = _take_step(state, settings, step=step, team=team, group=group, signal=asked.signal)
            last = state.step == settings.steps
            if last or state.step % settings.measure_every == 0:
                _measure(state, settings, group)
            is_due = last or state.step % settings.save_every == 0 or _is_over(state, settings)
            if group.leads and (is_due or learnt.signal):
                _save(state, folder)
            if group.leads and is_due and not learnt.signal:
                with state.averaged():
                    on_save(state.facts.rows)
            if learnt.signal:
                group.wait()  # one that leaves before the checkpoint is written would be mourned as dead
                raise Ended(learnt.signal)
    GRADIENTS.forget()
    state.settle()
    return state.facts.rows


def _steps(first: int, end: int, group: Group) -> Iterable[int]:
    steps = range(first, end)
    return progress(steps, total=len(steps), description="training", unit="step") if group.leads else steps


def _take_step(
    state: Progress, settings: TrainingSettings, *, step: int, team: Workers, group: Group, signal: int
) -> Learnt:
    phases = state.model.phases()
    phase = phase_at(phases, step, after=ALWAYS)
    if step and begins_at(phases, step):
        state.begin_phase()
        state.begin_anew(phase.anew, seed=settings.seed)
    rate = state.model.learning_rate * phase.rate * _share(settings, step)
    for some in state.optimizer.param_groups:
        some["lr"] = rate * some.get("rate", 1.0)
    lesson = _lesson(state, settings, phase)
    learnt = learn(lesson, team=team, group=group, clip=settings.clip, signal=signal)
    check_course(state, diverged=settings.diverged, loss=_total(learnt.losses))
    state.facts.recent.append(dict(learnt.losses))
    if scale_held(state, is_finite=are_finite(learnt.gradients)):
        share = 1 - settings.learning_rate_dropout
        state.advance(share, generator=torch_generator(settings.seed, "learning-rate dropout", step))
    else:
        state.step += 1
    state.forget_gradients()
    return learnt


def _lesson(state: Progress, settings: TrainingSettings, phase: Phase) -> Lesson:
    painter = {name: weight for name, weight in state.painter.items() if not is_below(name, phase.frozen)}
    critics = state.critics if phase.critics else {}
    if not painter:
        raise ModelError(f"training: the phase until step {phase.until} freezes every part; leave one out of `frozen`")
    parts, precision, scale = settings.parts, settings.precision, state.facts.scale
    return Lesson(state.model, state.step, parts, painter, critics, precision, scale)


def _is_over(state: Progress, settings: TrainingSettings) -> bool:
    return bool(settings.patience) and state.facts.since_best >= settings.patience


def _measure(state: Progress, settings: TrainingSettings, group: Group) -> None:
    """Add a row to the history; every process knows what decides when to stop."""
    facts = state.facts
    losses = {name: sum(each[name] for each in facts.recent) / len(facts.recent) for name in facts.recent[0]}
    facts.lowest, facts.recent = min(facts.lowest, _total(losses)), []
    validation = torch.zeros(1, dtype=torch.float64)
    if group.leads:
        rate = state.model.learning_rate * phase_at(state.model.phases(), state.step - 1, after=ALWAYS).rate
        row: Row = {"step": state.step, "learning_rate": rate * _share(settings, state.step - 1)}
        row |= {"loss": _total(losses)} | {f"loss_{name}": loss for name, loss in losses.items()}
        with state.averaged():
            measured = state.model.validation()
        row |= {f"validation_{name}": value for name, value in measured.items()}
        validation[0] = sum(value for name, value in measured.items() if name.startswith("loss_"))
        facts.rows.append(row)
        with tqdm.external_write_mode(file=sys.stderr):
            say(_said(row))
    if settings.patience or settings.keep == "best":
        first = group.gathered(validation.to(group.device))[0]
        state.note_validation(float(first))


def _total(losses: Mapping[str, float]) -> float:
    """The painter's loss; its critics' runs the other way."""
    return sum(loss for name, loss in losses.items() if name != CRITICS)


def _said(row: Row) -> str:
    values = [f"{name} {value:.4g}" for name, value in row.items() if name not in ("step", "learning_rate")]
    return f"step {int(row['step'])}: {', '.join(values)}"


def _save(state: Progress, folder: Path) -> None:
    began = monotonic()
    size = state.save(folder)
    with tqdm.external_write_mode(file=sys.stderr):
        say(f"saved step {state.step}: {size / 2**20:.0f} MB in {monotonic() - began:.1f} s")


def _optimizer(model: FaceModel, settings: TrainingSettings) -> torch.optim.Optimizer:
    chosen = importlib.import_module(f"understudy.optimizers.{settings.optimizer}")
    groups = model.parameter_groups()
    if model.critics is not None:
        groups.append({"params": list(model.critics.parameters()), "rate": settings.critic_rate})
    made: torch.optim.Optimizer = chosen.build(
        groups,
        learning_rate=model.learning_rate,
        betas=(settings.beta1, settings.beta2),
        epsilon=settings.epsilon,
        weight_decay=settings.weight_decay,
        **settings.optimizer_options,
    )
    return made


def _share(settings: TrainingSettings, step: int) -> float:
    waves = {"steps": settings.steps, "wave_steps": settings.wave_steps}
    return share_of_rate(step, warmup=settings.warmup, last_rate=settings.last_rate, **waves)
