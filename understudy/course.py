"""What would spoil a training, and is told before a checkpoint keeps it: losses that run away, gradients too large."""

from understudy.errors import ModelError
from understudy.model import FaceModel
from understudy.phases import is_below
from understudy.precision import Precision
from understudy.progress import Progress

FIRST_SCALE, LEAST_SCALE, LARGEST_SCALE = 2.0**12, 2.0, 2.0**24  # of losses in float16; in others it is 1
STEPS_TO_DOUBLE = 2000


def first_scale(precision: Precision) -> float:
    """By what losses are multiplied at first, before the way back."""
    return FIRST_SCALE if precision == "float16" else 1.0


def scale_held(state: Progress, *, is_finite: bool) -> bool:
    """Whether this step's gradients, finite or not, can be used; the scale of float16 follows.

    It halves when they overflowed, and doubles after a long time. Raises ModelError when it is too small to halve.
    """
    facts = state.facts
    if not is_finite and facts.scale <= LEAST_SCALE:
        raise ModelError(
            f"training: gradients of step {state.step} are no numbers, though its losses are; nothing of it was kept. "
            "Lower the learning rate, or compute in float32, and run again from the checkpoint"
        )
    if not is_finite:
        facts.scale, facts.held = facts.scale / 2, 0
    elif facts.scale > 1:
        facts.held += 1
        if facts.held == STEPS_TO_DOUBLE:
            facts.scale, facts.held = min(facts.scale * 2, LARGEST_SCALE), 0
    return is_finite


def check_course(state: Progress, *, diverged: float, loss: float) -> None:
    """Raises ModelError when a loss is so many times the lowest mean of a row; 0 allows any."""
    if diverged and loss > diverged * state.facts.lowest:
        raise ModelError(
            f"training: the loss of step {state.step} is {loss:.4g}, over {diverged:g} times the lowest mean "
            f"of a row, {state.facts.lowest:.4g} (params.yaml: swapper.diverged); the last checkpoint is from before. "
            "Lower the learning rate, or clip shorter"
        )


def check_parts(model: FaceModel) -> None:
    """Raises ModelError when a phase names a part that the network has not."""
    names = [name for name, _ in model.network.named_parameters()]
    for part in (part for phase in model.phases() for part in (*phase.frozen, *phase.anew)):
        if not any(is_below(name, [part]) for name in names):
            known = ", ".join(dict.fromkeys(name.split(".")[0] for name in names))
            raise ModelError(
                f"params.yaml: models: phases: the network has no part {part!r}; name one of {known}, or one below"
            )
