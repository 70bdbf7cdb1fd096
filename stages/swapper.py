"""swapper: train a model to paint the source's likeness with the target's performance.

The result is a folder: weights.safetensors, settings.json, history.csv, preview.png, and platform.json, which says what
they were made on and is all that may differ on another machine. A killed run goes on from its last checkpoint when it
is started again, and ends with the same bytes.
"""

import csv
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from understudy.stage import run, threads

import torch
from pydantic import Field
from safetensors.torch import save

from understudy.arithmetic import level
from understudy.checkpoints import checkpoint_folder, drop_checkpoints, held
from understudy.devices import choose_device
from understudy.errors import ModelError
from understudy.facesets import FaceSet, read_face_set
from understudy.files import replacing, replacing_folder
from understudy.images import encode_png
from understudy.model import SETTINGS, WEIGHTS, FaceModel, count_parameters, make_model, model_settings
from understudy.params import Settings, read_section
from understudy.platforms import PLATFORM, platform_record
from understudy.preview import preview_sheet
from understudy.provenance.consent import permitted
from understudy.training import Row, TrainingSettings, train
from understudy.workers import workers

HISTORY = "history.csv"
PREVIEW = "preview.png"


class SwapperSettings(TrainingSettings):
    """What is trained, and how."""

    model: str
    """A file of understudy/models/; its own settings are the section models.<name>."""
    min_faces: int = Field(ge=1)
    """Training faces each person must have; below 50 a face is learnt by heart, not understood."""


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
    device = choose_device()
    with workers(threads() if device.type == "cpu" else 1) as team:
        model = make_model(settings.model, chosen, seed=settings.seed, device=device)
        decides = {
            "swapper": settings.model_dump(),
            "model": chosen.model_dump(),
            "device": str(device),
            "arithmetic": level(),
        }
        checkpoints = checkpoint_folder(inputs=[source_crops, target_crops, Path(__file__)], settings=decides)
        with held(checkpoints):
            model.begin(source, target)
            shown = target.split("validation")
            history = train(
                model,
                settings,
                team=team,
                folder=checkpoints,
                on_save=lambda: _write_preview(checkpoints / PREVIEW, model, shown),
            )
            _write(swapper, model, history, _describe(settings, chosen, model, source, target), shown)
            drop_checkpoints(checkpoints)


def _read_faces(crops: Path, person: str, fewest: int) -> FaceSet:
    faces = read_face_set(crops, person)
    number = len(faces.split("train"))
    if number < fewest:
        raise ModelError(
            f"{crops}: {number} training faces of {person}, expected at least {fewest} "
            "(params.yaml: swapper.min_faces); give more footage, or see the table's reasons and loosen crops"
        )
    return faces


def _describe(
    settings: SwapperSettings, chosen: Settings, model: FaceModel, source: FaceSet, target: FaceSet
) -> dict[str, object]:
    return {
        "model": settings.model,
        "settings": chosen.model_dump(),
        "training": settings.model_dump(exclude={"model"}),
        "source": source.person,
        "target": target.person,
        "parameters": count_parameters(model.network),
        "versions": {name: version(name) for name in ("numpy", "opencv-python", "safetensors", "torch")},
    }


def _write(
    folder: Path, model: FaceModel, history: Sequence[Row], description: dict[str, object], shown: FaceSet
) -> None:
    device = next(model.network.parameters()).device
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    with replacing_folder(folder) as temporary:
        (temporary / WEIGHTS).write_bytes(save(tensors))
        (temporary / SETTINGS).write_text(json.dumps(description, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (temporary / PLATFORM).write_text(platform_record(device), encoding="utf-8")
        (temporary / PREVIEW).write_bytes(encode_png(preview_sheet(model, shown)))
        with (temporary / HISTORY).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(history[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(history)


def _write_preview(path: Path, model: FaceModel, shown: FaceSet) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(encode_png(preview_sheet(model, shown)))


if __name__ == "__main__":
    torch.set_num_interop_threads(1)
    run(main)
