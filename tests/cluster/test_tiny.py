"""The real stages as Slurm jobs: the same bytes as on one machine, also when a job is preempted in mid-training."""

import json
from pathlib import Path

import pytest

from tests.cluster.conftest import contents, jobs_of, on_slurm, started_on_slurm, wait_for
from tests.engines.workspace import Workspace
from understudy.payload import payload_sha256

ON_THIS_MACHINE = {"nouns", "clips"}
SIGNED = (".mp4", ".png")
WEIGHTS = "data/swapper/ada-bo/weights.safetensors"


@pytest.fixture(scope="module")
def tiny_there(tiny: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The tiny project, run on Slurm; not to be changed."""
    workspace = tiny.copy(tmp_path_factory.mktemp("there") / "project")
    on_slurm(workspace)
    return workspace


def test_slurm_makes_what_one_machine_makes(tiny_here: Workspace, tiny_there: Workspace):
    here, there = contents(tiny_here.root / "data"), contents(tiny_there.root / "data")
    assert list(here) == list(there)
    assert [name for name in here if here[name] != there[name] and not name.endswith(SIGNED)] == []
    for name in here:
        if name.endswith(SIGNED):
            assert payload_sha256(tiny_here.root / "data" / name) == payload_sha256(tiny_there.root / "data" / name)
    assert json.loads(there["scores/bo.ada-for-bo.json"])


def test_every_stage_was_a_job_of_slurm(tiny_there: Workspace):
    jobs = jobs_of(tiny_there)
    assert {job["JobState"] for job in jobs.values()} == {"COMPLETED"}
    stages = {script.stem for script in (tiny_there.root / "stages").glob("[a-z]*.py")}
    assert {stage for stage in stages if any(stage in comment for comment in jobs)} == stages - ON_THIS_MACHINE


def test_afterwards_there_is_nothing_to_do_here_or_there(tiny_there: Workspace):
    assert tiny_there.changed() == set()
    assert tiny_there.planned() == set()
    assert "Nothing to be done" in on_slurm(tiny_there, "--dry-run").stdout


def test_a_wrong_setting_is_one_line_and_the_last(tiny_there: Workspace, tmp_path: Path):
    project = tiny_there.copy(tmp_path / "project")
    project.set_params(lambda params: params["faces"].update(upsample=99))
    done = on_slurm(project, "--until", "faces", "--retries", "0", check=False)
    line = "faces: params.yaml: faces.upsample: Input should be less than or equal to 2, found 99"
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith(f"failed: {line}")
    assert line in project.read("logs/faces/ada.log")


def test_a_preempted_training_goes_on_from_its_checkpoint_to_the_same_bytes(tiny_here: Workspace, tmp_path: Path):
    undisturbed = _longer_training(tiny_here, tmp_path / "undisturbed")
    undisturbed.snakemake(WEIGHTS)
    project = _longer_training(tiny_here, tmp_path / "preempted")
    run = started_on_slurm(project, WEIGHTS)
    wait_for(lambda: list(project.root.glob(".understudy/checkpoints/*/*.safetensors")), "the first checkpoint")
    number = jobs_of(project)["rule_swapper_wildcards_ada_bo"]["JobId"]
    project.run("scontrol", "requeue", number)
    assert run.wait() == 0, project.read("run.log")
    job = jobs_of(project)["rule_swapper_wildcards_ada_bo"]
    assert (job["JobId"], job["Restarts"], job["JobState"]) == (number, "1", "COMPLETED")
    assert "step 5:" not in project.read("logs/swapper/ada-bo.log"), "it began anew"
    assert "step 60:" in project.read("logs/swapper/ada-bo.log")
    assert (project.root / WEIGHTS).read_bytes() == (undisturbed.root / WEIGHTS).read_bytes()


def _longer_training(finished: Workspace, root: Path) -> Workspace:
    project = finished.copy(root)
    project.set_params(lambda params: params["swapper"].update(steps=60, measure_every=5, save_every=5))
    return project
