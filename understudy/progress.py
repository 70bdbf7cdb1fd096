"""All that a training holds and a checkpoint keeps: weights, their average, the best so far, optimizer and rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from understudy.blocks.kept import GRADIENTS
from understudy.blocks.starts import filled_weights
from understudy.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from understudy.learning_rate_dropout import drop_steps
from understudy.model import FaceModel
from understudy.phases import is_below
from understudy.randomness import derived_seed
from understudy.recurrence import Sliced

Row = dict[str, float]
INFINITE = 1e300  # JSON knows no infinity


@dataclass
class Facts:
    """What is kept besides tensors.

    rows     the history so far
    recent   losses of the steps since the last row, of this phase alone
    lowest   the lowest mean loss of a row of this phase so far, infinite before the first
    best     the lowest validation loss so far, and how many measurements ago it was
    scale    by which losses are multiplied in float16, and for how many steps it has held
    """

    rows: list[Row] = field(default_factory=list)
    recent: list[Row] = field(default_factory=list)
    lowest: float = INFINITE
    best: float = INFINITE
    since_best: int = 0
    scale: float = 1.0
    held: int = 0


class Progress:
    """A model in training after `step` steps; `painter` and `critics` are its weights by name."""

    def __init__(self, model: FaceModel, optimizer: torch.optim.Optimizer, *, ema: float, keeps_best: bool) -> None:
        self.model, self.optimizer = model, optimizer
        self.step = 0
        self.facts = Facts()
        self.painter = dict(model.network.named_parameters())
        self.critics = {} if model.critics is None else dict(model.critics.named_parameters())
        self._ema = ema
        self._average = _copied(self.painter) if ema else {}
        self._best = _copied(self._all()) if keeps_best else {}
        anew = [part for phase in model.phases() for part in phase.anew]
        constant = self.painter.keys() - filled_weights(model.network)
        self._firsts = _copied({name: self.painter[name] for name in constant if is_below(name, anew)})

    @torch.no_grad()
    def advance(self, share: float = 1.0, *, generator: torch.Generator | None = None) -> None:
        """Let the optimizer step and the average follow; below 1, a random `share` of the weights takes the step."""
        moving = [weight for weight in self.painter.values() if weight.grad is not None] if share < 1 else []
        before = [weight.detach().clone() for weight in moving]
        self.optimizer.step()
        if generator is not None and moving:
            drop_steps(moving, before, share=share, generator=generator)
        self.step += 1
        if self._average:
            decay = min(self._ema, self.step / (9 + self.step))
            torch._foreach_lerp_(list(self._average.values()), list(self.painter.values()), 1 - decay)

    def forget_gradients(self) -> None:
        """Leave the weights without gradients, whose memory is for the next step's."""
        weights = (*self.painter.values(), *self.critics.values())
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        self.optimizer.zero_grad(set_to_none=True)
        GRADIENTS.close(gradients)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The network with its averaged weights for the time of the block."""
        self._exchange(self._average)
        try:
            yield
        finally:
            self._exchange(self._average)

    def begin_phase(self) -> None:
        """Forget how large losses were: a phase's own are not to be compared with those before."""
        self.facts.recent, self.facts.lowest = [], INFINITE

    @torch.no_grad()
    def begin_anew(self, parts: Sequence[str], *, seed: int) -> None:
        """Random weights for the parts of the network so named; optimizer and average forget what they were.

        Weights that never are random, such as the gains of norms, begin as they began.
        """
        self.model.start_anew(parts, seed=derived_seed(seed, "anew", self.step))
        for name, weight in self.painter.items():
            if is_below(name, parts):
                if name in self._firsts:
                    weight.copy_(self._firsts[name])
                _forget(self.optimizer, weight)
                if self._average:
                    self._average[name].copy_(weight)

    def note_validation(self, loss: float) -> None:
        """Keep the averaged weights when no validation loss was lower."""
        self.facts.since_best += 1
        if loss < self.facts.best:
            self.facts.best, self.facts.since_best = loss, 0
            now = self._all() | self._average
            for name, value in self._best.items():
                value.copy_(now[name].detach())

    def settle(self) -> None:
        """Leave the network with what is kept of it: its best weights where they were kept, else the average."""
        own = self._all()
        with torch.no_grad():
            for name, value in (self._best or self._average).items():
                own[name].copy_(value)

    def save(self, folder: Path) -> int:
        """Write a checkpoint; its size in bytes."""
        tensors = {f"network.{name}": value for name, value in self.model.network.state_dict().items()}
        if self.model.critics is not None:
            tensors |= {f"critics.{name}": value for name, value in self.model.critics.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self._average.items()}
        tensors |= {f"best.{name}": value for name, value in self._best.items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        return write_checkpoint(folder, Checkpoint(self.step, tensors, asdict(self.facts)))

    def resume(self, folder: Path) -> None:
        """Go on from the newest checkpoint of the folder, if there is one."""
        found = read_checkpoint(folder)
        if found is None:
            return
        self.model.network.load_state_dict(_below(found.tensors, "network."))
        if self.model.critics is not None:
            self.model.critics.load_state_dict(_below(found.tensors, "critics."))
        for kept, prefix in ((self._average, "average."), (self._best, "best.")):
            for name, value in _below(found.tensors, prefix).items():
                kept[name].copy_(value)
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(found.tensors, "optimizer.").items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})
        self.step, self.facts = found.step, Facts(**json.loads(json.dumps(found.facts)))

    def _all(self) -> dict[str, Tensor]:
        """The network's weights, and its buffers: what batch norms know goes with the weights they knew it of."""
        return self.painter | dict(self.model.network.named_buffers())

    def _exchange(self, others: Mapping[str, Tensor]) -> None:
        """The network's values for the others and the others' for the network's, without copying either."""
        for name, other in others.items():
            weight = self.painter[name]
            weight.data, other.data = other.data, weight.data


def _copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in tensors.items()}


def _forget(optimizer: torch.optim.Optimizer, weight: Tensor) -> None:
    if isinstance(optimizer, Sliced):
        optimizer.forget(weight)
    else:
        optimizer.state.pop(weight, None)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
