"""The training loop: resumed runs, killed runs, and runs on any number of threads end with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.models.cartoons import cartoon_faces
from understudy.checkpoints import Checkpoint, checkpoint_folder, held, read_checkpoint, write_checkpoint
from understudy.errors import ModelError
from understudy.group import Group
from understudy.model import make_model, model_settings
from understudy.sections import read_params
from understudy.training import TrainingSettings, train
from understudy.workers import workers

CPU = torch.device("cpu")
ROOT = Path(__file__).parent.parent
SWAPPER = {key: value for key, value in read_params()["swapper"].items() if key not in ("model", "min_faces")}
SHORT = {"steps": 6, "measure_every": 2, "save_every": 2, "parts": 2}


def settings(**changes):
    return TrainingSettings.model_validate(SWAPPER | SHORT | changes)


def make(name):
    chosen = model_settings(name).model_validate(read_params()["models"][name] | {"batch": 2})
    return make_model(name, chosen, seed=1, device=CPU)


@pytest.fixture(scope="module")
def people():
    return cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3)


def trained(name, people, folder, *, threads=1, chosen=None, on_save=lambda rows: None):
    model = make(name)
    with workers(threads) as team:
        model.begin(*people)
        rows = train(model, chosen or settings(), team=team, group=Group(CPU), folder=folder, on_save=on_save)
    return {key: value.clone() for key, value in model.network.state_dict().items()}, rows


def assert_same(first, second):
    assert all(torch.equal(first[0][key], second[0][key]) for key in first[0])
    assert [list(row.items()) for row in first[1]] == [list(row.items()) for row in second[1]]


def test_every_save_is_given_the_rows_so_far(people, tmp_path):
    seen = []
    rows = trained("compact", people, tmp_path, on_save=lambda rows: seen.append([row["step"] for row in rows]))[1]
    assert seen == [[2], [2, 4], [2, 4, 6]]
    assert [row["step"] for row in rows] == seen[-1]


@pytest.mark.parametrize("name", ["compact", "driven"])
def test_one_thread_and_two_end_with_the_same_bytes(name, people, tmp_path):
    assert_same(*(trained(name, people, tmp_path / str(number), threads=number) for number in (1, 2)))


@pytest.mark.parametrize("name", ["compact", "driven"])
def test_a_run_interrupted_between_saves_ends_as_an_undisturbed_one(name, people, tmp_path):
    saves = iter([None, KeyboardInterrupt()])

    def stop_at_the_second_save(rows):
        if problem := next(saves):
            raise problem

    with pytest.raises(KeyboardInterrupt):
        trained(name, people, tmp_path / "broken", on_save=stop_at_the_second_save)
    assert read_checkpoint(tmp_path / "broken").step == 4
    whole = trained(name, people, tmp_path / "whole")
    assert_same(trained(name, people, tmp_path / "broken"), whole)


def test_the_history_has_a_row_every_so_many_steps_and_one_at_the_end(people, tmp_path):
    _, rows = trained("compact", people, tmp_path, chosen=settings(steps=5))
    assert [row["step"] for row in rows] == [2, 4, 5]
    assert all(row["loss"] == row["loss_source"] + row["loss_target"] for row in rows)
    assert {"learning_rate", "loss_source", "loss_target", "validation_psnr_db_target"} <= set(rows[0])


def test_training_lowers_the_loss(people, tmp_path):
    _, rows = trained("compact", people, tmp_path, chosen=settings(steps=24, measure_every=4, save_every=24))
    assert rows[-1]["loss_source"] < rows[0]["loss_source"]


def test_a_batch_that_does_not_divide_into_its_parts_is_refused(people, tmp_path):
    with pytest.raises(ModelError, match=r"swapper\.parts: a batch of 2 does not divide into 3 parts"):
        trained("compact", people, tmp_path, chosen=settings(parts=3))


def test_a_checkpoint_that_is_damaged_gives_way_to_the_one_before(tmp_path, capsys):
    for step in (2, 4):
        write_checkpoint(tmp_path, Checkpoint(step, {"weight": torch.full((3,), float(step))}, {"rows": []}))
    newest = tmp_path / "000000004.safetensors"
    newest.write_bytes(newest.read_bytes()[:50])
    assert read_checkpoint(tmp_path).step == 2
    assert "trying the one before" in capsys.readouterr().err


def test_the_last_two_checkpoints_are_kept(tmp_path):
    for step in (1, 2, 3):
        write_checkpoint(tmp_path, Checkpoint(step, {"weight": torch.zeros(1)}, {}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000002.safetensors", "000000003.safetensors"]


def test_another_input_or_setting_is_another_folder(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    folders = {
        checkpoint_folder(inputs=[path], settings=chosen) for path in (first, second) for chosen in ({"x": 1}, {"x": 2})
    }
    assert len(folders) == 4
    assert checkpoint_folder(inputs=[first], settings={"x": 1}) in folders


def test_two_processes_do_not_train_the_same_swapper_at_once(tmp_path):
    folder = tmp_path / "run"
    with held(folder), pytest.raises(ModelError, match="another process is training this very swapper"), held(folder):
        pytest.fail("both hold it")


KILLED = """
import sys, torch
from pathlib import Path
from tests.test_training import settings, trained
from tests.models.cartoons import cartoon_faces
from safetensors.torch import save_file
people = cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3)
tensors, rows = trained("compact", people, Path(sys.argv[1]), chosen=settings(steps=14, save_every=1))
save_file(tensors, sys.argv[2])
"""


def test_a_run_killed_again_and_again_ends_with_the_bytes_of_an_undisturbed_one(people, tmp_path):
    def start(name):
        arguments = [sys.executable, "-c", KILLED, str(tmp_path / name), str(tmp_path / f"{name}.safetensors")]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, **quiet)

    assert start("whole").wait() == 0
    moments = random.Random(5)
    reached = []
    while len(reached) < 2:
        process = start("killed")
        before = reached[-1] if reached else 0
        while process.poll() is None and newest_step(tmp_path / "killed") <= before:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.wait()
        reached.append(newest_step(tmp_path / "killed"))
    assert 0 < reached[0] < 14
    assert start("killed").wait() == 0
    assert (tmp_path / "killed.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


def newest_step(folder):
    return max((int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdecimal()), default=0)
