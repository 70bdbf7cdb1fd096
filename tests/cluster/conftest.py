"""Projects whose stages run on the Slurm that tests/cluster/slurm starts."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.conftest import finished, pristine, project  # noqa: F401  fixtures of the engines' tests
from tests.engines.workspace import Workspace, make_tiny

PROFILE = ("--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1")
WAIT_S = 120


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The tiny project, in which nothing has been made; not to be changed."""
    return make_tiny(tmp_path_factory.mktemp("tiny") / "project")


@pytest.fixture(scope="session")
def tiny_here(tiny: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The tiny project, run on this machine; not to be changed."""
    workspace = tiny.copy(tmp_path_factory.mktemp("here") / "project")
    workspace.snakemake()
    return workspace


def on_slurm(workspace: Workspace, *arguments: str, check: bool = True, **environment: str):
    """The finished run of Snakemake with the cluster's profile."""
    return workspace.run("snakemake", *PROFILE, *arguments, check=check, **environment)


def started_on_slurm(workspace: Workspace, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """The same, still running; what it says goes into run.log."""
    with (workspace.root / "run.log").open("wb") as log:
        return subprocess.Popen(
            ["snakemake", *PROFILE, *arguments],
            cwd=workspace.root,
            env=workspace.environment(**environment),
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def jobs_of(workspace: Workspace) -> dict[str, dict[str, str]]:
    """The jobs of a project by their comment (`rule_faces_wildcards_ada`), the last of each."""
    return {job["Comment"]: job for job in all_jobs_of(workspace)}


def all_jobs_of(workspace: Workspace) -> list[dict[str, str]]:
    """What Slurm knows of the jobs of a project, in the order of their submission."""
    shown = workspace.run("scontrol", "show", "job", "--oneliner", check=False).stdout.splitlines()
    jobs = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in shown]
    mine = [job for job in jobs if job["WorkDir"] == str(workspace.root)]
    return sorted(mine, key=lambda job: int(job["JobId"]))


def wait_for(claim: Callable[[], object], what: str) -> None:
    """Return when `claim` holds; fails the test when it does not come to hold."""
    until = time.monotonic() + WAIT_S
    while not claim():
        assert time.monotonic() < until, f"this did not come about: {what}"
        time.sleep(0.2)


def wait_for_pause(workspace: Workspace) -> None:
    """Return when a stage that was told to pause does."""
    wait_for((workspace.root / "paused.txt").exists, "a stage pauses")


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder and its bytes."""
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}
