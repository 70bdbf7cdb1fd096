"""What a face-swapping model is to the rest of the house, and the registry: a file in understudy/models/ is a model.

A model file exports `Settings` (its section `models.<name>` of params.yaml) and `Model`. Training, checkpoints,
previews and swaps know nothing else about it. A trained model is a folder: weights.safetensors and settings.json.
"""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, Protocol

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from understudy.errors import ModelError
from understudy.facesets import FaceSet
from understudy.networks import Side
from understudy.params import Settings, parse_section
from understudy.phases import Phase

CRITICS = "critics"  # the name of the critics' own loss
Column = Literal["pixels", "mask", "points", "pose"]
MODELS = Path(__file__).with_name("models")
WEIGHTS = "weights.safetensors"
SETTINGS = "settings.json"


@dataclass(frozen=True)
class Painted:
    """What a model painted over N faces of the target.

    patches_NHWC   uint8 RGB (N, P, P, 3)
    alpha_NHW      uint8 (N, P, P): 255 where the model stands by its pixels
    crop_from_frame_N23  float32 (N, 2, 3), from frame pixels to patch pixels
    points_N2      float32 (N, 68, 2), landmarks of the painted face in frame pixels
    outline_from, outline_to   N arrays (K, 2) in frame pixels: where the frame's own outline lies and where the
                   composite is to move it; K = 0 when the model leaves the outline alone
    """

    patches_NHWC: np.ndarray
    alpha_NHW: np.ndarray
    crop_from_frame_N23: np.ndarray
    points_N2: np.ndarray
    outline_from: Sequence[np.ndarray]
    outline_to: Sequence[np.ndarray]


class FaceModel(Protocol):
    """A model in training or in use: `Model(settings, seed=…, device=…)`, then `begin` to train or weights to paint.

    `learns_from` names the face sets it needs, `needs` the columns of them. What a model must remember of the face
    sets besides its weights (shape models, ranges) are buffers of `network`, so that weights.safetensors is all of it.
    `batch` is the number of faces a side in a step, `learning_rate` the highest rate of its schedule, `painted_px` the
    side of the patches that it paints, 1.6 face boxes wide (brow line to lower lip). `critics` are
    networks that learn beside it to tell painted faces from real ones, and are not part of the result.
    """

    needs: frozenset[Column]
    learns_from: frozenset[Side]
    network: torch.nn.Module
    critics: torch.nn.Module | None
    batch: int
    learning_rate: float
    painted_px: int

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """Take the face sets in: the training split to learn from, the validation split to be measured on.

        Sets the network's buffers and whatever weights start from the faces. Raises ModelError when they do not do.
        """
        ...

    def parameter_groups(self) -> list[dict[str, object]]:
        """Groups for the optimizer; each has `params`, and `rate` (a factor) and `weight_decay` where they differ."""
        ...

    def losses(self, *, step: int, part: int, faces: int) -> Mapping[str, torch.Tensor]:
        """The losses of one part of a step's batch by name, side ("source", "target") first; scalars with a gradient.

        What the critics learn from stands under the name CRITICS, everything else is what the network learns from.

        A step's batch is computed in parts of `faces` faces a side, at once in several threads; the step's gradient is
        the mean of its parts'. A part draws its faces and augmentation from generators derived from (seed, stream,
        step, part) alone and changes nothing.
        """
        ...

    def drawn_names(self, *, step: int, part: int, faces: int) -> Sequence[str]:
        """Which faces one part of a step's batch holds, for messages: "source ada 17"."""
        ...

    def phases(self) -> Sequence[Phase]:
        """How training differs over its steps; nothing where it does not."""
        ...

    def start_anew(self, parts: Sequence[str], *, seed: int) -> None:
        """Other random weights for the parts of the network so named, of all layers that start with such."""
        ...

    def validation(self) -> Mapping[str, float]:
        """How well the validation split is rebuilt: loss_source, psnr_db_source, ssim_source, and so for the target."""
        ...

    def paint(self, faces: FaceSet) -> Painted:
        """The likeness of the source with the performance of these target faces, in order of their frames."""
        ...


def available() -> list[str]:
    """The names of all models, sorted."""
    return sorted(file.stem for file in MODELS.glob("*.py") if not file.stem.startswith("_"))


def model_settings(name: str) -> type[Settings]:
    """The settings class of a model. Raises ModelError when there is no such model."""
    settings: type[Settings] = _module(name).Settings
    return settings


def make_model(name: str, settings: Settings, *, seed: int, device: torch.device) -> FaceModel:
    """An untrained model. Raises ModelError when there is no such model."""
    model: FaceModel = _module(name).Model(settings, seed=seed, device=device)
    return model


def read_model(folder: Path, *, device: torch.device) -> FaceModel:
    """The trained model of a swapper folder. Raises ModelError when its files are missing, corrupt or do not fit."""
    description = read_description(folder)
    name = str(description["model"])
    settings = parse_section(model_settings(name), description["settings"], where=f"{folder / SETTINGS}: settings")
    model = make_model(name, settings, seed=0, device=device)
    weights = folder / WEIGHTS
    try:
        model.network.load_state_dict(load_file(weights))
    except FileNotFoundError:
        raise ModelError(f"{weights}: no such file; run the stage swapper") from None
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ModelError(f"{weights}: not the weights of a {name} model; delete it and run swapper again") from error
    return model


def read_description(folder: Path) -> Mapping[str, object]:
    """A swapper's settings.json: model, settings, source, target, … Raises ModelError when it is missing or corrupt."""
    path = folder / SETTINGS
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; run the stage swapper") from None
    except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
        raise ModelError(f"{path}: not readable JSON; delete it and run swapper again") from error
    missing = {"model", "settings", "source", "target", "crop_px"} - set(
        description if isinstance(description, dict) else ()
    )
    if missing:
        raise ModelError(f"{path}: {', '.join(sorted(missing))} missing; delete it and run swapper again")
    return dict(description)


def count_parameters(network: torch.nn.Module) -> int:
    """The number of trained values of a network; buffers are not counted."""
    return sum(parameter.numel() for parameter in network.parameters())


def _module(name: str) -> ModuleType:
    if name not in available():
        raise ModelError(f"params.yaml: swapper.model: no model {name!r}. Available: {', '.join(available())}")
    return importlib.import_module(f"understudy.models.{name}")
