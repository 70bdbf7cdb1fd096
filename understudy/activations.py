"""What the stages of a network make of a face, in the order of the forward pass.

A module is a block, and not looked into, when it gives back the shape it was given, as a residual block does, or when
all that its own modules make has one shape and is not yet what it gives, as in an upscaling. What the blocks of one
part of the network make at one resolution is one stage, and the last of it is shown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

PICTURE_CHANNELS = 3  # with so few it is a picture, a mask or an alpha, and a stage by itself


class Stage(NamedTuple):
    """What one stage makes of one face: `values` are (C, H, W), or (N,) where nothing has a place any more."""

    name: str
    values: Tensor


@dataclass
class Call:
    """One call of a module, with those it made in turn; `given` and `made` are None where they cannot be drawn."""

    name: str
    module: nn.Module
    given: Tensor | None
    made: Tensor | None = None
    inner: list["Call"] = field(default_factory=list)


def watch(network: nn.Module, forward: Callable[[], object]) -> list[Stage]:
    """The stages that `forward`, which sends one face through the network, runs through; first of all its input."""
    calls = _called(network, forward)
    shown = [(call.name, call.made) for call in _last_of_each([block for call in calls for block in _blocks(call)])]
    entered = [call.given for call in _everything(calls) if call.given is not None and call.given.ndim == 4]
    return [
        Stage(name, made[0].detach().cpu().clone())
        for name, made in [("input", next(iter(entered), None)), *shown]
        if made is not None
    ]


def _called(network: nn.Module, forward: Callable[[], object]) -> list[Call]:
    """The calls of the network's own modules, in order."""
    top = Call("", network, None)
    running = [top]
    names = {module: name for name, module in network.named_modules() if name}

    def enter(module: nn.Module, given: tuple[object, ...]) -> None:
        call = Call(names[module], module, _drawable(given[0] if given else None))
        running[-1].inner.append(call)
        running.append(call)

    def leave(_module: nn.Module, _given: object, made: object) -> None:
        running.pop().made = _drawable(made)

    hooks = [module.register_forward_pre_hook(enter) for module in names]
    hooks += [module.register_forward_hook(leave) for module in names]
    try:
        with torch.no_grad():
            forward()
    finally:
        for hook in hooks:
            hook.remove()
    return top.inner


def _drawable(value: object) -> Tensor | None:
    """Vectors (1, N) and maps (1, C, H, W)."""
    return value if isinstance(value, Tensor) and value.ndim in (2, 4) else None


def _everything(calls: Sequence[Call]) -> Iterator[Call]:
    for call in calls:
        yield call
        yield from _everything(call.inner)


def _blocks(call: Call) -> Iterator[Call]:
    is_block, hands_on = _is_block(call), _hands_on(call)
    if not is_block:
        for inner in call.inner:
            yield from _blocks(inner)
    if call.made is not None and (is_block or not hands_on):
        yield call


def _is_block(call: Call) -> bool:
    shapes = {None if inner.made is None else inner.made.shape for inner in call.inner}
    is_kept = call.made is not None and call.given is not None and call.given.shape == call.made.shape
    has_code = any(inner.made is not None and inner.made.ndim == 2 for inner in _everything(call.inner))
    return call.made is not None and ((is_kept and not has_code) or (len(shapes) < 2 and not _hands_on(call)))


def _hands_on(call: Call) -> bool:
    """Whether what it made is what the last of its own made."""
    return bool(call.inner) and call.made is not None and call.made is call.inner[-1].made


def _last_of_each(blocks: Sequence[Call]) -> list[Call]:
    """One block a stage; of values that are only laid out anew, the layout that is wider."""
    kept: list[Call] = []
    for block in blocks:
        if block.made is block.given:
            continue
        if _is_laid_out(block):
            if kept and _area(block.made) > _area(block.given):
                kept[-1] = block
        elif kept and _stage(kept[-1]) == _stage(block):
            kept[-1] = block
        else:
            kept.append(block)
    return kept


def _is_laid_out(block: Call) -> bool:
    """Whether a layer without weights gives what it was given another shape."""
    given, made = block.given, block.made
    if given is None or made is None or given.shape == made.shape or given.numel() != made.numel():
        return False
    return next(block.module.parameters(), None) is None


def _area(values: Tensor | None) -> int:
    return 0 if values is None else values[0, 0].numel()


def _stage(block: Call) -> tuple[object, ...]:
    """What the blocks of one stage have in common."""
    assert block.made is not None, "only what can be drawn is a stage"
    part, shape = block.name.split(".")[0], block.made.shape[1:]
    return (part, shape) if len(shape) == 1 else (part, shape[1:], shape[0] <= PICTURE_CHANNELS)
