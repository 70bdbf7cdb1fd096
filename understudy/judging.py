"""What a critic is to the rest of the house, and the registry: a file in understudy/critics/ is a critic.

A critic file exports `Settings` and `Critic`. Painter and critic learn in turn from the same batch: the painter makes
`painter_loss` small through the critic, the critic `critic_loss` of what the painter made, detached. A critic is made
for a network, has weights of its own, and looks at both sides at once.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, Self

import torch
from pydantic import ConfigDict, model_validator
from torch import Tensor, nn
from torch.func import functional_call

from understudy.blocks.starts import start_weights
from understudy.errors import SettingsError
from understudy.facestore import RGB
from understudy.networks import FaceNetwork, Rebuilt
from understudy.params import Settings
from understudy.randomness import derived_seed

CRITICS = Path(__file__).with_name("critics")


class Seen(NamedTuple):
    """What a critic sees of one side's B faces.

    painted   what the network made of them, RGB 0–1, (B, 3, P, P)
    wanted    what it should have made: RGB, mask, eyes, mouth, 0–1, (B, 6, P, P)
    inputs    what it was given, RGB 0–1, (B, 3, I, I)
    code      what its decoder was given, where it says so
    mask      what it takes for face, 0–1, (B, 1, P, P), of networks with a mask
    unmasked  the picture before it was laid over the input by that mask, of networks that do so
    """

    painted: Tensor
    wanted: Tensor
    inputs: Tensor
    code: Tensor | None = None
    mask: Tensor | None = None
    unmasked: Tensor | None = None

    @property
    def real(self) -> Tensor:
        """The real pictures, RGB 0–1: (B, 3, P, P)."""
        return self.wanted[:, RGB]

    def detached(self) -> "Seen":
        """The same, through which nothing is learnt: what `critic_loss` is to be given."""
        painted, wanted, inputs, *others = self
        held = (None if each is None else each.detach() for each in others)
        return Seen(painted.detach(), wanted, inputs, *held)


class CriticSettings(Settings):
    """What every critic lets one choose."""

    weight: float
    """What it counts beside the painter's other losses."""


class ChosenCritic(Settings):
    """One critic of a model; its own settings stand beside its name."""

    model_config = ConfigDict(extra="allow")

    critic: str
    """A file of understudy/critics/; `weight` and what else it lets one choose: see its Settings."""

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        assert self.settings
        return self

    @property
    def settings(self) -> CriticSettings:
        """The critic's own. Raises SettingsError when there is no such critic."""
        return critic_settings(self.critic).model_validate(self.model_extra)


class FaceCritic(nn.Module):
    """A critic: `Critic(settings, network=…)`. Losses are scalars, means over the batch; `seen` has both sides."""

    def painter_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """What the painter makes small, through the critic, times the critic's weight."""
        raise NotImplementedError

    def critic_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """What the critic makes small; `seen` is detached."""
        raise NotImplementedError


def see(made: Rebuilt, *, inputs: Tensor, wanted: Mapping[int, Tensor]) -> Seen:
    """What a critic sees of a side: its largest picture, and the one before it where that is as large."""
    painted, before = made.pictures[-1], made.pictures[-2:-1]
    unmasked = before[0] if before and before[0].shape == painted.shape else None
    return Seen(painted, wanted[painted.shape[-1]], inputs, made.code, made.mask, unmasked)


def code_shape(network: FaceNetwork) -> tuple[int, int, int]:
    """Channels, rows and columns of what the network's decoders are given, found without any arithmetic.

    Raises SettingsError when the network shows no code, or one without rows and columns.
    """
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    shapes = {name: torch.empty_like(value, device="meta") for name, value in tensors.items()}
    face = torch.empty(1, 3, network.input_px, network.input_px, device="meta")
    made: Rebuilt = functional_call(network, shapes, (face, network.people[0]))
    if made.code is None or made.code.ndim != 4:
        raise SettingsError("params.yaml: critics.code: the model shows no code to look at; take df or original")
    channels, rows, columns = made.code.shape[1:]
    return channels, rows, columns


def available() -> list[str]:
    """The names of all critics, sorted."""
    return sorted(file.stem for file in CRITICS.glob("*.py") if not file.stem.startswith("_"))


def critic_settings(name: str) -> type[CriticSettings]:
    """The settings class of a critic. Raises SettingsError when there is no such critic."""
    settings: type[CriticSettings] = _module(name).Settings
    return settings


def make_critic(name: str, settings: CriticSettings, *, network: FaceNetwork, seed: int) -> FaceCritic:
    """An untrained critic of what `network` makes, on the CPU. Raises SettingsError when there is no such critic."""
    critic: FaceCritic = _module(name).Critic(settings, network=network)
    start_weights(critic, seed=derived_seed(seed, f"critic {name}"))
    return critic


def _module(name: str) -> ModuleType:
    if name not in available():
        raise SettingsError(f"params.yaml: critics: no critic {name!r}. Available: {', '.join(available())}")
    return importlib.import_module(f"understudy.critics.{name}")
