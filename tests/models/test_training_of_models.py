"""Every model takes ten steps in the real stage, is interrupted, goes on exactly, and paints what it was left with."""

import csv
import math
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from stages.swapper import SwapperSettings, Training
from tests.models.cartoons import cartoon_faces
from tests.models.tiny import TINY
from understudy.group import Group
from understudy.images import decode_png
from understudy.model import available, make_model, model_settings, read_model
from understudy.precision import narrowed
from understudy.preview import preview_sheet
from understudy.sections import read_params
from understudy.training import train
from understudy.workers import workers

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[2]
PARAMS = read_params(ROOT / "params.yaml")
TEN = {"steps": 10, "measure_every": 4, "save_every": 6, "parts": 2, "keep": "best"}
ALMOST = 0.9  # of a cosine: gradients in half precision
FACES = {name: cartoon_faces(name, number=12, seed=seed) for name, seed in (("ada", 0), ("bo", 3))}


def settings_of(name):
    return model_settings(name).model_validate(PARAMS["models"][name] | TINY[name])


def training_of(name, root, **changes):
    """The stage's own training of a tiny model, whose folders lie in `root`."""
    settings = SwapperSettings.model_validate(PARAMS["swapper"] | TEN | {"model": name} | changes)
    return Training(settings, settings_of(name), FACES["ada"], FACES["bo"], root / "checkpoints", root / "swapper")


def made_by(training, *, threads):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_THREADS", str(threads))
        training(Group(CPU))
    return {path.name: path.read_bytes() for path in training.swapper.iterdir()}


def interrupt(training, *, threads):
    """Train until the first checkpoint is written."""

    def stop(_rows):
        raise KeyboardInterrupt

    model = make_model(training.settings.model, training.chosen, seed=training.settings.seed, device=CPU)
    model.begin(training.source, training.target)
    with workers(threads) as team, pytest.raises(KeyboardInterrupt):
        train(model, training.settings, team=team, group=Group(CPU), folder=training.checkpoints, on_save=stop)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Trainings on one thread that nothing disturbed, and what they made, by model; each is trained once."""

    @cache
    def train_whole(name):
        training = training_of(name, tmp_path_factory.mktemp(name))
        return training, made_by(training, threads=1)

    return train_whole


@pytest.fixture(params=available())
def undisturbed(request, whole):
    return whole(request.param)


def test_a_model_interrupted_on_two_threads_ends_with_the_bytes_of_an_undisturbed_one_on_one(undisturbed, tmp_path):
    training, expected = undisturbed
    broken = training_of(training.settings.model, tmp_path)
    interrupt(broken, threads=2)
    assert [path.name for path in broken.checkpoints.glob("*.safetensors")] == ["000000006.safetensors"]
    assert made_by(broken, threads=2) == expected


def test_a_trained_model_paints_finite_faces_and_the_same_when_it_is_read_back(undisturbed):
    training, made = undisturbed
    weights = load_file(training.swapper / "weights.safetensors")
    assert all(torch.isfinite(weight).all() for weight in weights.values())
    history = csv.DictReader(made["history.csv"].decode().splitlines())
    rows = [{name: float(value) for name, value in row.items() if value} for row in history]
    assert all(math.isfinite(value) for value in rows[-1].values())
    with workers(1):
        model = read_model(training.swapper, device=CPU)
        shown = preview_sheet(model, training.target.split("validation"), rows)
        patches = model.paint(training.target.split("validation")).patches_NHWC
    assert np.array_equal(shown, decode_png(made["preview.png"]))
    assert 0 < patches.mean() < 255


def test_ten_steps_move_every_part_of_a_model(undisturbed):
    training, _ = undisturbed
    before = make_model(training.settings.model, training.chosen, seed=training.settings.seed, device=CPU)
    before.begin(training.source, training.target)
    after = load_file(training.swapper / "weights.safetensors")
    still = [name for name, weight in before.network.named_parameters() if torch.equal(weight, after[name])]
    assert not still


@pytest.mark.parametrize("name", available())
def test_in_half_precision_a_models_loss_and_largest_gradient_are_nearly_those_in_full(name):
    model = make_model(name, settings_of(name), seed=1, device=CPU)
    model.begin(*FACES.values())
    with workers(1):
        loss, gradients = loss_and_gradients(model, "float32")
        largest = max(range(len(gradients)), key=lambda index: gradients[index].norm())
        for precision in ("bfloat16", "float16"):
            near, narrow = loss_and_gradients(model, precision)
            assert near == pytest.approx(loss, rel=5e-3)
            assert all(torch.isfinite(gradient).all() for gradient in narrow)
            pair = (each[largest].flatten() for each in (gradients, narrow))
            assert torch.nn.functional.cosine_similarity(*pair, 0) > ALMOST


def loss_and_gradients(model, precision):
    with narrowed(precision, CPU):
        loss = model.losses(step=0, part=0, faces=2)["source"]
    weights = list(model.network.parameters())
    return loss.item(), torch.autograd.grad(64 * loss, weights, allow_unused=True, materialize_grads=True)


KILLED = """
import sys
from pathlib import Path
from tests.models.test_training_of_models import made_by, training_of
made_by(training_of(sys.argv[1], Path(sys.argv[2]), save_every=1), threads=1)
"""


@pytest.mark.parametrize("name", ["faceswap_gan", "dlight"])
def test_a_model_killed_while_it_writes_ends_with_the_weights_of_an_undisturbed_one(name, whole, tmp_path):
    """Critics that learn beside it, and batch norms that are measured."""
    _, expected = whole(name)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    arguments = [sys.executable, "-c", KILLED, name, str(tmp_path / "killed")]
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, start_new_session=True, **quiet) as process:
        while not is_writing_after_a_checkpoint(tmp_path / "killed/checkpoints"):
            assert process.poll() is None
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "killed/swapper").exists()
    found = made_by(training_of(name, tmp_path / "killed", save_every=1), threads=1)
    assert all(found[each] == expected[each] for each in ("weights.safetensors", "history.csv", "preview.png"))


def is_writing_after_a_checkpoint(folder):
    names = [path.name for path in folder.glob("*.safetensors")]
    return any(name[0] != "." for name in names) and any(name.endswith(".partial.safetensors") for name in names)
