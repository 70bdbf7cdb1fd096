"""Encoders that others designed, from the library timm: started as it starts them, or from a file of weights.

Their batch norms are replaced by ours, which keep nothing while learning. Nothing is downloaded.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import cast

import torch
from torch import Tensor, nn

from understudy.blocks.chance import Stochastic
from understudy.blocks.convolution import Convolution
from understudy.blocks.norms import BatchNorm
from understudy.blocks.starts import glorot_uniform
from understudy.errors import ModelError
from understudy.phaze_a.architectures import Known
from understudy.randomness import derived_seed
from understudy.weights import Weights, checked_weights

LEARNING: ContextVar[torch.Generator | None] = ContextVar("LEARNING", default=None)  # of each thread by itself
TORCHVISION_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class Body(nn.Module):
    """What encoders of the library have, for type checkers."""

    num_features: int
    pretrained_cfg: Mapping[str, tuple[float, ...]]

    def forward_features(self, faces: Tensor) -> Tensor:
        """The features before any pooling."""
        raise NotImplementedError


class Backbone(Stochastic):
    """From (B, 3, side, side), RGB 0–1, to features (B, channels, h, h); of transformers h is 1.

    A frozen one keeps its weights, and its batch norms the statistics that came with them.
    """

    def __init__(self, known: Known, side: int, *, frozen: bool) -> None:
        super().__init__()
        self.known, self.side, self.frozen = known, side, frozen
        body = _created(known, side)
        self.mean, self.deviation = (body.pretrained_cfg[name] for name in ("mean", "std"))
        self.body = _ours(body, known)
        self.projection = None
        if known.projected:
            self.projection = Convolution(body.num_features, known.projected, 1, bias=False, start=glorot_uniform)

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """What the encoder makes of the faces."""
        mean, deviation = (features.new_tensor(each)[:, None, None] for each in (self.mean, self.deviation))
        with _learning(None if self.frozen else generator, is_learnt=not self.frozen):
            make = self.body.forward_features if self.known.unused else self.body
            made = make((features - mean) / deviation)
        return torch.as_tensor(made if self.projection is None else self.projection(made[..., None, None]))

    @torch.no_grad()
    def load(self, weights: Weights) -> None:
        """Take the weights of a file. Raises ModelError where it has not all of them, AnalysisError for its hash."""
        path = checked_weights(Path(weights.file), weights)
        body = _created(self.known, self.side)
        state = _read(path, body)
        missing = sorted({name for name in body.state_dict() if not name.startswith(self.known.unused)} - set(state))
        missing = [name for name in missing if not name.endswith("num_batches_tracked")]
        if missing:
            raise ModelError(
                f"{path}: no weights of {self.known.timm}: {missing[0]} and {len(missing) - 1} more are not there; "
                "give the file that belongs to encoder.architecture, or null"
            )
        body.load_state_dict(state, strict=False)
        self.body.load_state_dict(_ours(body, self.known).state_dict())
        if self.projection is not None and "head.weight" in state:
            self.projection.weight.copy_(state["head.weight"][..., None, None])


class BackboneNorm(nn.Module):
    """A batch norm of a backbone, which has no generator to give, and the activation behind it."""

    def __init__(self, found: nn.BatchNorm2d) -> None:
        super().__init__()
        self.norm = BatchNorm(found.num_features, epsilon=found.eps)
        names = {"scale": found.weight, "shift": found.bias, "mean": found.running_mean, "variance": found.running_var}
        self.norm.load_state_dict({name: value for name, value in names.items() if value is not None})
        self.activation = getattr(found, "act", nn.Identity())

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        return torch.as_tensor(self.activation(self.norm(features, LEARNING.get())))


@contextmanager
def library_chance(seed: int) -> Iterator[None]:
    """A block in which libraries that know no generators draw what the seed says; torch's own goes on after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "initial weights of libraries"))
        yield


def made_of(known: Known, side: int) -> tuple[int, int]:
    """Channels and side of the features that a backbone makes of faces of this side; costs no memory."""
    with torch.device("meta"):
        made = Backbone(known, side, frozen=False)(torch.zeros(1, 3, side, side))
    return made.shape[1], made.shape[2]


def timm_library() -> ModuleType:
    """The library. Raises ModelError when it is not installed.

    It imports torchvision, whose compiled operators fit one build of torch only and are not needed here. Where they
    cannot be loaded their names are declared, which is all that torchvision asks for before it is imported.
    """
    try:
        try:
            import torchvision  # noqa: F401
        except RuntimeError:
            _declare_operators()
        import timm
    except ImportError as error:
        raise ModelError(
            f"params.yaml: models.phaze_a.encoder.architecture: {error.name or 'timm'} is not installed; "
            "run `make setup`, or take fs_original"
        ) from error
    return timm


def _declare_operators() -> None:
    operators = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for operator in TORCHVISION_OPERATORS:
        operators.define(operator)  # type: ignore[no-untyped-call]
    _DECLARED.append(operators)  # they vanish with it


_DECLARED: list[torch.library.Library] = []


def _created(known: Known, side: int) -> Body:
    sized = {"img_size": side} if known.projected else {"global_pool": ""}
    return cast(Body, timm_library().create_model(known.timm, num_classes=0, **sized))


def _ours(body: Body, known: Known) -> Body:
    """The body without what is not used, and with our batch norms."""
    for name in known.unused:
        setattr(body, name, nn.Identity())
    found = [(name, module) for name, module in body.named_modules() if isinstance(module, nn.BatchNorm2d)]
    for name, module in found:
        parent, _, child = name.rpartition(".")
        setattr(body.get_submodule(parent), child, BackboneNorm(module))
    return body


def _read(path: Path, body: nn.Module) -> dict[str, Tensor]:
    from timm.models import load_state_dict
    from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn

    state: dict[str, Tensor] = load_state_dict(str(path), device="cpu", weights_only=True)
    return checkpoint_filter_fn(state, body) if isinstance(body, VisionTransformer) else state


@contextmanager
def _learning(generator: torch.Generator | None, *, is_learnt: bool) -> Iterator[None]:
    token = LEARNING.set(generator)
    try:
        with torch.set_grad_enabled(torch.is_grad_enabled() and is_learnt):
            yield
    finally:
        LEARNING.reset(token)
