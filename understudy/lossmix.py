"""Mixtures of losses, as params.yaml lists them: any of understudy/losses/, on any output, scale and part of a face."""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from understudy.errors import SettingsError
from understudy.facestore import EYES, MASK, MOUTH, RGB
from understudy.networks import Rebuilt
from understudy.params import Settings

LOSSES = Path(__file__).with_name("losses")
Where = Literal["face", "mask", "picture", "outside", "eyes", "mouth", "eyes_and_mouth"]
Loss = Callable[..., Tensor]


class Term(Settings):
    """One loss of a mixture."""

    loss: str
    """A file of understudy/losses/."""
    weight: float = Field(default=1.0, ge=0)
    """What it counts beside the others. Every loss is a mean over the pixels that count, whatever their number."""
    of: Literal["picture", "mask"] = "picture"
    """What is compared: the painted picture, or the learned mask with the face's own."""
    where: Where = "face"
    """Which pixels count: all, but those outside the face less (face); the mask's alone; all alike (picture); those
    outside the mask; eyes, mouth, or both, for priority."""
    outputs: Literal["all", "last"] = "all"
    """Of networks with several outputs: each, or the face itself alone."""
    reduced: int = Field(default=1, ge=1, le=16)
    """Pictures are compared at 1/this of their side: averages of squares of pixels."""
    options: dict[str, float | int | str] = Field(default={})
    """The loss's own options, by name; see its file."""

    @model_validator(mode="after")
    def _is_known(self) -> "Term":
        known = options_of(self.loss)
        for name in self.options:
            if name not in known:
                said = f"it has {', '.join(sorted(known))}" if known else "it has none"
                raise ValueError(f"losses: {self.loss} has no option {name!r}; {said}")
        return self


def mixture(rebuilt: Rebuilt, wanted: Mapping[int, Tensor], terms: Sequence[Term], *, background: float) -> Tensor:
    """The weighted sum of the terms over a batch: a scalar with a gradient.

    `wanted` has what each output should be, by its side P: (B, 6, P, P), RGB, mask, eyes, mouth. `background` is what
    a pixel outside the face counts where `where` is face. Raises SettingsError when a mask is compared and none made.
    """
    total = rebuilt.pictures[-1].new_zeros(())
    for term in terms:
        if term.of == "mask":
            total = total + term.weight * _of_mask(rebuilt, wanted, term, background)
            continue
        pictures = rebuilt.pictures if term.outputs == "all" else rebuilt.pictures[-1:]
        for painted in pictures:
            total = total + term.weight * _compared(painted, wanted[painted.shape[-1]], term, background)
    return total


def options_of(loss: str) -> frozenset[str]:
    """The names of a loss's options. Raises SettingsError when there is no such loss."""
    parameters = inspect.signature(loss_named(loss)).parameters.values()
    return frozenset(each.name for each in parameters if each.kind is each.KEYWORD_ONLY) - {"weight_B1HW"}


@cache
def loss_named(name: str) -> Loss:
    """A function of understudy/losses/. Raises SettingsError when there is no such loss."""
    available = sorted(file.stem for file in LOSSES.glob("*.py") if not file.stem.startswith("_"))
    if name not in available:
        raise SettingsError(f"params.yaml: losses: no loss {name!r}. Available: {', '.join(available)}")
    found: Loss = getattr(importlib.import_module(f"understudy.losses.{name}"), name)
    return found


def _compared(painted: Tensor, wanted: Tensor, term: Term, background: float) -> Tensor:
    weight = _weight(wanted, term.where, background)
    pair = (painted, wanted[:, RGB], weight)
    if term.reduced > 1:
        painted, picture, weight = (functional.avg_pool2d(each, term.reduced) for each in pair)
        pair = (painted, picture, weight)
    return loss_named(term.loss)(pair[0], pair[1], weight_B1HW=pair[2], **term.options)


def _of_mask(rebuilt: Rebuilt, wanted: Mapping[int, Tensor], term: Term, background: float) -> Tensor:
    if rebuilt.mask is None:
        raise SettingsError(
            "params.yaml: losses: a term is of the mask, but the model learns none; set learn_mask: true"
        )
    there = wanted[rebuilt.mask.shape[-1]]
    weight = _weight(there, term.where, background)
    return loss_named(term.loss)(rebuilt.mask, there[:, MASK], weight_B1HW=weight, **term.options)


def _weight(wanted: Tensor, where: Where, background: float) -> Tensor:
    mask, eyes, mouth = wanted[:, MASK], wanted[:, EYES], wanted[:, MOUTH]
    weights: dict[Where, Tensor] = {
        "face": mask + background,
        "mask": mask,
        "picture": torch.ones_like(mask),
        "outside": 1 - mask,
        "eyes": eyes,
        "mouth": mouth,
        "eyes_and_mouth": eyes.maximum(mouth),
    }
    return weights[where]
