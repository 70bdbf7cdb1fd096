"""Edits and kills while Snakemake runs: what may not be true is not believed, and the next run goes on by itself."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.workspace import Workspace, less_upsampling, more_upsampling

SLOW = """
import time
from pathlib import Path
from understudy.files import replacing
from understudy.stage import run

def main(*, frames: Path, faces: Path) -> None:
    with replacing(faces):
        Path("paused.txt").touch()
        time.sleep(600)

if __name__ == "__main__":
    run(main)
"""
FACES = {"data/faces/ada.parquet", "data/faces/bo.parquet"}


def test_settings_edited_during_a_run_do_not_reach_its_stages(project: Workspace):
    project.set_params(more_upsampling)
    _edit_while_faces_run(project, "params.yaml", project.read("params.yaml") + "# and more\n", less_upsampling)
    assert "edited meanwhile" in project.read("run.log")
    assert project.planned() >= FACES
    assert {"faces@ada", "faces@bo"} & project.changed()


def test_code_edited_while_it_runs_runs_again(project: Workspace):
    project.set_params(more_upsampling)
    edited = project.read("stages/faces.py") + "EDITED = True\n"
    _edit_while_faces_run(project, "stages/faces.py", edited, None, status=1)
    assert "failed: faces: stages/faces.py was edited" in project.read("run.log")
    assert project.planned() >= FACES


def test_after_a_kill_the_next_run_goes_on_by_itself(project: Workspace):
    project.set_params(more_upsampling)
    process = _started(project, PAUSE="identities")
    _wait_for(project.root / "paused.txt")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    finished = project.ran()
    assert len(finished) >= 2
    project.snakemake()
    assert not {line for line in project.ran() if line in finished}
    assert project.changed() == set()
    assert project.planned() == set()


def test_what_a_killed_run_made_is_recorded_by_the_next(project: Workspace):
    project.set_params(more_upsampling)
    process = _started(project, PAUSE="swapper")
    _wait_for(project.root / "paused.txt")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    project.snakemake("data/faces/ada.parquet")
    assert not {"faces@ada", "landmarks@bo", "identities"} & project.changed()


@pytest.mark.parametrize("send", [os.killpg, os.kill])
def test_a_signal_ends_a_run_in_order_and_the_next_goes_on(project: Workspace, send: Callable[[int, int], None]):
    project.set_params(more_upsampling)
    stage = project.read("stages/faces.py")
    project.write("stages/faces.py", SLOW)
    process = _started(project)
    _wait_for(project.root / "paused.txt")
    send(process.pid, signal.SIGTERM)
    assert process.wait(60) != 0
    assert "failed: faces: data/faces/" in project.read("run.log")
    assert ".parquet: ended by SIGTERM; run again to go on (logs/faces/" in project.read("run.log")
    assert not list(project.root.rglob("*.partial*"))
    project.write("stages/faces.py", stage)
    project.snakemake()
    assert project.changed() == set()
    assert project.planned() == set()


def _started(project: Workspace, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    with (project.root / "run.log").open("wb") as log:
        return subprocess.Popen(
            ["snakemake", "--cores", "2", *arguments],
            cwd=project.root,
            env=project.environment(**environment),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _edit_while_faces_run(
    project: Workspace, path: str, text: str, change: Callable[[dict], None] | None, *, status: int = 0
) -> None:
    process = _started(project, PAUSE="faces")
    _wait_for(project.root / "paused.txt")
    project.write(path, text)
    if change:
        project.set_params(change)
    (project.root / "paused.txt").write_text("go on")
    assert process.wait() == status, project.read("run.log")


def _wait_for(path: Path, seconds: int = 60) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.02)
