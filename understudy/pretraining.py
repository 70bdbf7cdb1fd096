"""Weights to start from, trained on drawn people alone: `python -m understudy.pretraining`, or `make pretrained`.

Draws a crowd (understudy/actors/crowd.py), and trains a model with all of them as its source and all of them as its
target, as DeepFaceLab's pre-training does, so that code and decoders know what faces have in common before they meet
two of them. Nobody is swapped and nobody is real; the sample project's two actors are not among them. What a model
takes from its people before it learns (compact: their mean face) is the crowd's, and not in the file.

The model is as `models` of params.yaml says, the training as `swapper` does, with the steps of this command.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from understudy.stage import threads

import torch
from safetensors.torch import save
from torch import Tensor

from understudy.actors.crowd import draw_crowd, members
from understudy.arithmetic import check_choice, level
from understudy.checkpoints import checkpoint_folder, drop_checkpoints, held
from understudy.closure import closure, digests_of
from understudy.endings import Ended, orderly, say
from understudy.errors import UnderstudyError
from understudy.facesets import read_face_set
from understudy.files import replacing, sha256_of
from understudy.group import Group, choose_devices
from understudy.model import FaceModel, make_model, model_settings
from understudy.params import parse_section, read_section
from understudy.progress import Row
from understudy.sections import read_params, section_of
from understudy.training import TrainingSettings, train
from understudy.workers import workers

CROWDS = Path(".understudy/crowds")
CROWD = "crowd"


def main(arguments: list[str] | None = None) -> None:
    """Draw a crowd, train on it, write the weights, and say their SHA-256."""
    chosen = _arguments(arguments)
    try:
        check_choice()
        with orderly():
            crowd = drawn_crowd(chosen.people, num_frames=chosen.frames, seed=chosen.seed)
            pretrain(crowd, chosen.weights, model=chosen.model, steps=chosen.steps, seed=chosen.seed)
        say(f"pretraining: {chosen.weights}, sha256 {sha256_of(chosen.weights)}")
    except UnderstudyError as error:
        say(f"pretraining: {error}")
        sys.exit(1)
    except Ended as end:
        say(f"pretraining: {end}; run again to go on")
        sys.exit(end.status)


def drawn_crowd(number: int, *, num_frames: int, seed: int) -> Path:
    """The crops table of a crowd with `number` people of chance; drawn when it is not there, or other code drew it."""
    module = Path("understudy", "actors", "crowd.py").as_posix()
    decides = {"people": number, "frames": num_frames, "seed": seed, "code": dict(digests_of(*closure(module)))}
    path = CROWDS / f"{hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_crowd(path, members(number, seed=seed), num_frames=num_frames, seed=seed, num_processes=threads(), say=say)
    return path


def pretrain(crowd: Path, weights: Path, *, model: str, steps: int, seed: int) -> None:
    """A file of `model`'s weights in float16, trained for `steps` on the faces of a crowd's crops table.

    Goes on from its last checkpoint when it was killed. The same bytes on any number of cores.
    """
    settings, described = _training(steps=steps, seed=seed), read_section(model_settings(model), f"models.{model}")
    decides = {"model": model, "chosen": described.model_dump(), "training": settings.model_dump(), "level": level()}
    device = choose_devices(parts=settings.parts)[0]
    checkpoints = checkpoint_folder(inputs=[crowd], settings=decides | {"device": device.type})
    with held(checkpoints), workers(threads() if device.type == "cpu" else 1) as team:
        painter = make_model(model, described, seed=seed, device=device)
        own = _begun(painter, crowd)
        history = train(painter, settings, team=team, group=Group(device), folder=checkpoints, on_save=lambda _: None)
        _write(weights, painter, left_out=own, facts={"model": model, "steps": steps, "seed": seed}, last=history[-1])
        drop_checkpoints(checkpoints)


def _begun(painter: FaceModel, crowd: Path) -> set[str]:
    """Give the model everybody as both of its people; the names of the weights that it took from them at once."""
    before = {name: value.clone() for name, value in painter.network.state_dict().items()}
    everybody = read_face_set(crowd, CROWD)
    painter.begin(everybody, everybody)
    return {name for name, value in painter.network.state_dict().items() if not torch.equal(value, before[name])}


def _training(*, steps: int, seed: int) -> TrainingSettings:
    section = section_of(read_params(), "swapper")
    given = section if isinstance(section, dict) else {}
    values = {name: value for name, value in given.items() if name in TrainingSettings.model_fields}
    return parse_section(TrainingSettings, values | {"steps": steps, "seed": seed}, where="params.yaml: swapper")


def _write(path: Path, painter: FaceModel, *, left_out: set[str], facts: dict[str, object], last: Row) -> None:
    tensors = {
        name: _narrow(value.detach().cpu())
        for name, value in painter.network.state_dict().items()
        if name not in left_out
    }
    told = json.dumps(facts | {"last": dict(last)}, sort_keys=True)  # one entry: several have no fixed order
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(save(tensors, {"pretraining": told}))


def _narrow(weights: Tensor) -> Tensor:
    """Half as many bytes; the rounding is far below what the first step changes."""
    return (weights.half() if weights.is_floating_point() else weights).contiguous()


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m understudy.pretraining", description=__doc__, allow_abbrev=False)
    parser.add_argument("--model", default="compact", help="a file of understudy/models/")
    parser.add_argument("--people", type=int, default=24, help="people of chance, besides four of the cast")
    parser.add_argument("--frames", type=int, default=20, help="pictures of each")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", type=Path, help="where to (data/raw/pretrained/<model>.safetensors)")
    chosen = parser.parse_args(arguments)
    chosen.weights = chosen.weights or Path(f"data/raw/pretrained/{chosen.model}.safetensors")
    return chosen


if __name__ == "__main__":
    main()
