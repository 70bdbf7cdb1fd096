"""swapper: train a model to paint the source's likeness with the target's performance.

The result is a folder: weights.safetensors, settings.json, history.csv, preview.png, and platform.json, which says what
they were made on and is all that may differ on another machine. A killed run goes on from its last checkpoint when it
is started again, and ends with the same bytes. SIGTERM saves one at once.

It trains on all CUDA devices there are, a process each; `swapper.parts` must be able to be shared by them (8 parts by
1, 2, 4 or 8). Over several machines, in a folder they share: torchrun --nnodes ... stages/swapper.py ...
"""

import csv
import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from understudy.stage import rank, run, threads

import torch
from pydantic import Field
from safetensors.torch import save

from understudy.arithmetic import level
from understudy.checkpoints import checkpoint_folder, drop_checkpoints, held
from understudy.endings import say
from understudy.errors import ModelError
from understudy.facesets import FaceSet, read_face_set
from understudy.facestore import MARGIN
from understudy.files import replacing, replacing_folder
from understudy.group import Group, choose_devices
from understudy.images import encode_png
from understudy.model import SETTINGS, WEIGHTS, FaceModel, count_parameters, make_model, model_settings
from understudy.params import Settings, read_section
from understudy.platforms import PLATFORM, platform_record
from understudy.preview import preview_sheet
from understudy.progress import Row
from understudy.provenance.consent import permitted
from understudy.recipes import confirm
from understudy.together import together
from understudy.training import TrainingSettings, train
from understudy.warmstart import Report, StartFrom, start_from
from understudy.workers import workers

HISTORY = "history.csv"
PREVIEW = "preview.png"


class SwapperSettings(TrainingSettings):
    """What is trained, and how."""

    model: str
    """A file of understudy/models/; its own settings are the section models.<name>."""
    min_faces: int = Field(ge=1)
    """Training faces each person must have; below 50 a face is learnt by heart, not understood."""
    start_from: StartFrom | None = None
    """Weights to start from instead of random ones."""


def main(
    *,
    source_crops: Path,
    target_crops: Path,
    source_consent: Path,
    target_consent: Path,
    swapper: Path,
    settings: SwapperSettings,
) -> None:
    """Train a swapper from two face sets."""
    permitted(source_consent, target_consent)
    chosen = read_section(model_settings(settings.model), f"models.{settings.model}")
    source = _read_faces(source_crops, source_consent.stem, settings.min_faces)
    target = _read_faces(target_crops, target_consent.stem, settings.min_faces)
    devices = choose_devices(parts=settings.parts)
    decides = {
        "swapper": settings.model_dump(),
        "model": chosen.model_dump(),
        "device": devices[0].type,
        "arithmetic": level(),
    }
    checkpoints = checkpoint_folder(inputs=[source_crops, target_crops, Path(__file__)], settings=decides)
    with held(checkpoints) if rank() == 0 else nullcontext():
        training = Training(settings, chosen, source, target, checkpoints, swapper)
        together(training, devices=devices, folder=checkpoints)
        if rank() == 0:
            drop_checkpoints(checkpoints)


@dataclass(frozen=True)
class Training:
    """What each process of a training is given; calling it trains, and the first process writes the swapper."""

    settings: SwapperSettings
    chosen: Settings
    source: FaceSet
    target: FaceSet
    checkpoints: Path
    swapper: Path

    def __call__(self, group: Group) -> None:
        """Train, as one of the group."""
        with workers(threads() if group.device.type == "cpu" else 1) as team:
            model = make_model(self.settings.model, self.chosen, seed=self.settings.seed, device=group.device)
            model.begin(self.source, self.target)
            if group.leads and (doubt := too_coarse(model.painted_px, crop_px=self.target.side_px)):
                say(f"swapper: {doubt}")
            warm = None if self.settings.start_from is None else start_from(model.network, self.settings.start_from)
            if warm is not None and group.leads:
                say(f"swapper: {warm.said()}; settings.json lists them")
            show = partial(self._show, model)
            history = train(model, self.settings, team=team, group=group, folder=self.checkpoints, on_save=show)
            if group.leads:
                confirm("swapper")  # before the checkpoints, which could go on from here, are dropped
                self._write(model, history, warm)

    def _show(self, model: FaceModel, history: Sequence[Row]) -> None:
        with replacing(self.checkpoints / PREVIEW) as temporary:
            temporary.write_bytes(self._preview(model, history))

    def _preview(self, model: FaceModel, history: Sequence[Row]) -> bytes:
        return encode_png(preview_sheet(model, self.target.split("validation"), history))

    def _write(self, model: FaceModel, history: Sequence[Row], warm: Report | None) -> None:
        tensors = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
        description = json.dumps(self._description(model, warm), indent=2, sort_keys=True) + "\n"
        device = next(model.network.parameters()).device
        with replacing_folder(self.swapper) as temporary:
            (temporary / WEIGHTS).write_bytes(save(tensors))
            (temporary / SETTINGS).write_text(description, encoding="utf-8")
            (temporary / PREVIEW).write_bytes(self._preview(model, history))
            (temporary / PLATFORM).write_text(platform_record(device), encoding="utf-8")
            with (temporary / HISTORY).open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, fieldnames=_columns(history), restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(history)

    def _description(self, model: FaceModel, warm: Report | None) -> dict[str, object]:
        return {
            "model": self.settings.model,
            "settings": self.chosen.model_dump(),
            "training": self.settings.model_dump(exclude={"model"}),
            "source": self.source.person,
            "target": self.target.person,
            "crop_px": self.target.side_px,
            "parameters": count_parameters(model.network),
            "started_from": None if warm is None else warm.model_dump(),
            "versions": {name: version(name) for name in ("numpy", "opencv-python", "safetensors", "torch")},
        }


def too_coarse(painted_px: int, *, crop_px: int) -> str | None:
    """What to say when the crops show less than the model paints; None when they do."""
    shown = round(crop_px / MARGIN)
    if shown >= painted_px:
        return None
    wanted = 2 * math.ceil(painted_px * MARGIN / 2)
    return (
        f"the model paints {painted_px} px and crops of {crop_px} px show {shown} of them; where faces in the footage "
        f"are that large, params.yaml: crops.resolution_px {wanted} shows them all"
    )


def _columns(history: Sequence[Row]) -> list[str]:
    """The names of all values; some losses are there in some phases only."""
    fullest_first = sorted(history, key=len, reverse=True)
    return list(dict.fromkeys(name for row in fullest_first for name in row))


def _read_faces(crops: Path, person: str, fewest: int) -> FaceSet:
    faces = read_face_set(crops, person)
    number = len(faces.split("train"))
    if number < fewest:
        raise ModelError(
            f"{crops}: {number} training faces of {person}, expected at least {fewest} "
            "(params.yaml: swapper.min_faces); give more footage, or see the table's reasons and loosen crops"
        )
    return faces


if __name__ == "__main__":
    torch.set_num_interop_threads(1)
    run(main)
