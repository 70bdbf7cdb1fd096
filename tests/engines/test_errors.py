"""When something is wrong: one line that says what and where, the same from both engines, and nothing half-made."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.engines.workspace import Workspace
from understudy.model import available

MISTAKES: dict[str, Callable[[dict], object]] = {
    "params.yaml: shots.bo: no pair ada-bo; add it to pairs": lambda params: params.update(pairs={}),
    "params.yaml: clips.cy: no footage at data/raw/cy.mp4; put it there or take cy out of clips": lambda params: params[
        "clips"
    ].update(cy="data/raw/cy.mp4"),
    f"params.yaml: swapper.model: no model 'quik'. Available: {', '.join(available())}": lambda params: params[
        "swapper"
    ].update(model="quik"),
    "params.yaml: people: cy: no consent record people/cy.yaml; see README, Consent": lambda params: params[
        "people"
    ].append("cy"),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_in_the_nouns_stops_both_engines_before_anything_runs(fresh: Workspace, message: str):
    fresh.set_params(MISTAKES[message])
    by_snakemake = fresh.snakemake(check=False)
    assert by_snakemake.returncode == 1
    assert f"understudy: {message}\n" in by_snakemake.stderr
    assert "Traceback" not in by_snakemake.stderr
    by_dvc = fresh.dvc("repro", check=False)
    assert by_dvc.returncode != 0
    assert f"nouns: {message}\n" in by_dvc.stdout + by_dvc.stderr
    assert fresh.ran() == []


def test_the_line_of_a_stage_that_fails_is_the_last_and_nothing_else_is_said_of_it(fresh: Workspace):
    done = fresh.snakemake(check=False, FAIL="identities")
    line = "identities: data/identities.parquet: cannot be made, because the test says so"
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"failed: {line} (logs/identities/identities.log)"
    assert "Traceback" not in done.stderr
    assert "CalledProcessError" not in done.stderr
    assert fresh.read("logs/identities/identities.log") == f"{line}\n"
    by_dvc = fresh.dvc("repro", check=False, FAIL="identities")
    assert line in by_dvc.stdout + by_dvc.stderr


def test_what_was_made_before_a_failure_is_recorded_for_dvc(fresh: Workspace):
    fresh.snakemake(check=False, FAIL="identities")
    assert not {stage for stage in fresh.changed() if stage.startswith(("frames", "faces", "landmarks", "embeddings"))}
    assert "identities" in fresh.changed()


def test_settings_on_the_command_line_are_refused(fresh: Workspace):
    done = fresh.snakemake("--config", "swapper=quick", check=False)
    assert done.returncode == 1
    assert "settings come from params.yaml alone" in done.stderr


def test_a_second_run_waits_its_turn_and_a_look_is_allowed(project: Workspace):
    _append(project, "stages/scores.py")
    with _running(project, stage="scores"):
        second = project.snakemake(check=False)
        assert second.returncode == 1
        assert "understudy: another Snakemake run is at work here (process " in second.stderr
        assert "--unlock" not in second.stderr
        assert project.snakemake("--dry-run").returncode == 0


def test_a_lock_left_by_a_killed_run_is_no_obstacle(project: Workspace):
    _append(project, "stages/scores.py")
    process = _running(project, stage="scores")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert list((project.root / ".snakemake/locks").iterdir())
    project.snakemake()
    assert project.ran() == ["scores data/scores/bo.ada-for-bo.json"]
    assert project.changed() == set()


class _Running(subprocess.Popen):
    def __exit__(self, *_: object) -> None:
        os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def _running(project: Workspace, *, stage: str) -> _Running:
    process = _Running(
        ["snakemake", "--cores", "2"],
        cwd=project.root,
        env=project.environment(PAUSE=stage),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while not (project.root / "paused.txt").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


def _append(project: Workspace, file: str) -> None:
    project.write(file, project.read(file) + "EDITED = True\n")
