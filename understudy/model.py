"""What a face-swapping model is to the rest of the house, and the registry: a file in understudy/models/ is a model.

A model file exports `Settings` (its section `models.<name>` of params.yaml) and `Model`. Training, checkpoints, previews
and swaps know nothing else about it.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal, Protocol

import numpy as np
import torch

from understudy.errors import ModelError
from understudy.facesets import FaceSet
from understudy.params import Settings

Column = Literal["pixels", "mask", "points", "pose"]
Side = Literal["source", "target"]
MODELS = Path(__file__).with_name("models")


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
    """A model in training or in use; built by `Model(settings, source, target, seed)` or by `Model.restore(...)`.

    `learns_from` names the face sets it needs, `needs` the columns of them. What a model must remember of the face
    sets besides its weights (shape models, ranges) are buffers of `network`, so that weights.safetensors is all of it.
    """

    needs: frozenset[Column]
    learns_from: frozenset[Side]
    network: torch.nn.Module

    def parameter_groups(self) -> list[dict[str, object]]:
        """Groups for the optimizer; each has `params`, and `lr_scale` and `weight_decay` where they differ."""
        ...

    def losses(self, *, step: int) -> Mapping[str, torch.Tensor]:
        """The losses of training step `step` by name ("source", "target", ...), each a scalar with a gradient.

        Draws its batch and its augmentation from generators derived from (seed, stream, step) alone.
        """
        ...

    def validation(self, split: str) -> Mapping[str, float]:
        """Reconstruction on a held-out split, by name: loss, PSNR in dB and SSIM per side."""
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


def _module(name: str) -> ModuleType:
    if name not in available():
        raise ModelError(f"params.yaml: swapper.model: no model {name!r}. Available: {', '.join(available())}")
    return importlib.import_module(f"understudy.models.{name}")
