"""Training in several processes, ended in the middle by signals, kills and full disks: the same bytes at the end."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.models.cartoon_tables import write_crops
from understudy.sections import read_params

REPO = Path(__file__).parents[2]
STAGE = [
    str(REPO / "stages/swapper.py"),
    *("--source-crops", "data/crops/ada.parquet", "--target-crops", "data/crops/bo.parquet"),
    *("--source-consent", "people/ada.yaml", "--target-consent", "people/bo.yaml", "--swapper", "data/swapper"),
]
STEPS = 6
QUICK = {"model": "compact", "steps": STEPS, "measure_every": 1, "save_every": 100, "min_faces": 5, "parts": 4}


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    root = tmp_path_factory.mktemp("swapper") / "project"
    params = read_params(REPO / "params.yaml")
    params["models"]["compact"]["batch"] = 4
    params["swapper"] |= QUICK
    shutil.copytree(REPO / "people", root / "people")
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    write_crops(root / "data/crops/ada.parquet", "ada", number=12)
    write_crops(root / "data/crops/bo.parquet", "bo", number=12, seed=3)
    return root


@pytest.fixture(scope="module")
def expected(untouched, tmp_path_factory):
    """What an undisturbed training in one process makes."""
    root = tmp_path_factory.mktemp("undisturbed") / "project"
    shutil.copytree(untouched, root)
    return made(root)


@pytest.fixture
def project(untouched, tmp_path):
    return shutil.copytree(untouched, tmp_path / "project")


def start(root, *, processes=1, command=(sys.executable,)):
    own = {"PYTHONPATH": str(REPO), "UNDERSTUDY_THREADS": "1", "UNDERSTUDY_DEVICE": "cpu"}
    environment = os.environ | own | {"UNDERSTUDY_PROCESSES": str(processes)}
    return subprocess.Popen(
        [*command, *STAGE],
        cwd=root,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def made(root, **how):
    process = start(root, **how)
    said = process.communicate()[1]
    assert process.returncode == 0, said
    assert not list(root.glob(".understudy/checkpoints/*"))
    return {path.name: path.read_bytes() for path in (root / "data/swapper").iterdir()}


def disturb(root, number, *, group=False, **how):
    """Send a signal when the second row is there; the status, the last line, and the step that was saved, if any."""
    process = start(root, **how)
    while not process.stderr.readline().startswith("step 2:"):
        assert process.poll() is None
    (os.killpg if group else os.kill)(process.pid, number)
    said = process.communicate()[1].splitlines()
    return process.returncode, said[-1] if said else "", saved(root)


def saved(root):
    whole = root.glob(".understudy/checkpoints/*/[0-9]*.safetensors")
    return [int(path.stem) for path in whole]


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_write_the_bytes_of_one(project, expected, processes):
    assert made(project, processes=processes) == expected


def test_processes_that_torchrun_started_write_the_bytes_of_one(project, expected):
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    assert made(project, command=torchrun) == expected


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGTERM, {"processes": 1}),
        (signal.SIGINT, {"processes": 1}),
        (signal.SIGTERM, {"processes": 2}),
        (signal.SIGTERM, {"processes": 2, "group": True}),
    ],
    ids=["alone", "ctrl-c", "two", "two, told to each"],
)
def test_a_signal_saves_the_step_at_hand_and_one_process_goes_on_from_it(project, expected, number, how):
    status, last, steps = disturb(project, number, **how)
    assert (status, last) == (128 + number, f"swapper: data/swapper: ended by {number.name}; run again to go on")
    assert len(steps) == 1
    assert 2 <= steps[0] < STEPS
    assert made(project) == expected


def test_processes_that_were_killed_go_on_from_the_checkpoint_with_the_bytes_of_an_undisturbed_run(project, expected):
    edit(project, save_every=1)
    assert disturb(project, signal.SIGKILL, group=True, processes=2)[0] == -signal.SIGKILL
    assert saved(project)
    found = made(project)
    assert all(found[name] == expected[name] for name in ("weights.safetensors", "history.csv", "preview.png"))


def test_a_full_disk_is_one_line_that_leaves_the_checkpoint_before_to_go_on_from(project, expected):
    *_, steps = disturb(project, signal.SIGTERM)
    process = start(project, command=("prlimit", f"--fsize={1 << 20}", sys.executable))
    said = process.communicate()[1].splitlines()
    assert process.returncode == 1
    assert re.fullmatch(
        r"swapper: .*the checkpoint of step \d+ cannot be written .*; make room and run again.*", said[-1]
    )
    assert not [line for line in said if "Traceback" in line]
    assert saved(project) == steps
    assert not [*project.rglob("*.partial*"), *project.glob("data/swapper*")]
    assert made(project) == expected


def edit(root, **changes):
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["swapper"] |= changes
    (root / "params.yaml").write_text(yaml.safe_dump(params))
