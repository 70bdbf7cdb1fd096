"""Shares of a clip put more jobs to work and leave no trace, in artifacts nor in either engine's memory."""

import os
from pathlib import Path

import pytest

from tests.engines.test_interruptions import _started, _wait_for
from tests.engines.workspace import Workspace, more_upsampling

SHARED = ("faces", "landmarks", "embeddings", "swaps", "scores")
THREE = ("--set-scatter", "share=3")


def with_little_footage_a_share(workspace: Workspace) -> Workspace:
    """So little that the clips of the stand-ins are worth four shares each."""
    workspace.edit("understudy/engines/shares.py", "FOOTAGE_BYTES = 100_000_000", "FOOTAGE_BYTES = 4")
    return workspace


@pytest.fixture(scope="module")
def shared(pristine: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project that Snakemake has run with three shares a clip; not to be changed."""
    workspace = with_little_footage_a_share(pristine.copy(tmp_path_factory.mktemp("shared") / "project"))
    workspace.snakemake(*THREE)
    return workspace


@pytest.fixture
def made_in_shares(shared: Workspace, tmp_path: Path) -> Workspace:
    """A project of the test's own that Snakemake has run with three shares a clip."""
    return shared.copy(tmp_path / "project")


def test_every_share_runs_once_and_before_what_gathers_it(made_in_shares: Workspace):
    lines = made_in_shares.read("ran.txt").splitlines()
    made = [line for line in lines if line.split()[0] in SHARED and len(line.split()) == 2]
    assert len(made) == 8
    for line in made:
        before = lines[: lines.index(line)]
        assert {f"{line} {place}/3" for place in (1, 2, 3)} <= set(before)
    assert len(lines) == len(set(lines)) == 17 + 3 * 8 - 2  # nouns and clips are the real ones


def test_artifacts_are_the_same_with_shares_and_without(made_in_shares: Workspace, finished: Workspace):
    assert made_in_shares.artifacts() == finished.artifacts()


def test_no_marker_outlives_its_run(made_in_shares: Workspace):
    assert [path for path in (made_in_shares.root / ".understudy/shares").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [1, 2, 3, 99])
def test_what_was_made_in_shares_is_nothing_to_do_for_another_number(made_in_shares: Workspace, number: int):
    assert made_in_shares.planned("--set-scatter", f"share={number}") == set()
    assert made_in_shares.changed() == set()


def test_what_was_made_in_one_go_is_nothing_to_do_in_shares(project: Workspace):
    with_little_footage_a_share(project)
    assert project.planned(*THREE) == set()
    project.snakemake(*THREE)
    assert project.ran() == []
    assert project.changed() == set()


def test_an_input_that_was_only_touched_is_nothing_to_do_in_shares(project: Workspace):
    with_little_footage_a_share(project)
    for path in ("data/frames/ada.parquet", "stages/faces.py", "people/bo.yaml"):
        os.utime(project.root / path)
    assert project.planned(*THREE) == project.planned() == set()


def test_an_edit_reruns_the_same_stages_in_shares(made_in_shares: Workspace):
    made_in_shares.set_params(more_upsampling)
    planned = made_in_shares.planned(*THREE)
    assert {path for path in planned if not path.startswith(".understudy/")} == made_in_shares.planned()
    assert sum(path.startswith(".understudy/shares/") for path in planned) == 3 * 8


def test_stages_that_gather_shares_are_left_out_of_groups(pristine: Workspace, tmp_path: Path):
    workspace = with_little_footage_a_share(pristine.copy(tmp_path / "project"))
    groups = [f"{stage}=clip" for stage in ("frames", "faces", "landmarks", "embeddings")]
    groups += ["shots=shot", "scores=shot"]
    planned = workspace.planned(*THREE, "--groups", *groups)
    assert sum(path.startswith(".understudy/shares/") for path in planned) == 3 * 8


def test_an_edit_of_other_settings_between_runs_reruns_no_share_by_itself(made_in_shares: Workspace):
    made_in_shares.set_params(more_upsampling)
    made_in_shares.snakemake()
    made_in_shares.edit("understudy/engines/shares.smk", "--share ", "--share  ")
    assert made_in_shares.planned(*THREE) == set()


def test_footage_too_small_to_share_is_made_in_one_go(project: Workspace):
    project.set_params(more_upsampling)
    assert project.planned("--set-scatter", "share=16") == project.planned()


def test_a_share_that_fails_is_said_in_one_line_and_the_next_run_goes_on(made_in_shares: Workspace):
    made_in_shares.set_params(more_upsampling)
    made_in_shares.ran()
    failed = made_in_shares.snakemake(*THREE, check=False, FAIL="landmarks")
    assert failed.returncode == 1
    assert "failed: landmarks: data/landmarks/" in failed.stderr
    assert "-of-3.log)" in failed.stderr
    made_in_shares.snakemake(*THREE)
    assert made_in_shares.changed() == set()
    assert made_in_shares.planned() == set()


def test_after_a_kill_among_shares_the_next_run_goes_on(made_in_shares: Workspace):
    made_in_shares.set_params(more_upsampling)
    process = _started(made_in_shares, *THREE, PAUSE="landmarks")
    _wait_for(made_in_shares.root / "paused.txt")
    os.killpg(process.pid, 9)
    process.wait()
    made_in_shares.snakemake(*THREE)
    assert made_in_shares.changed() == set()
    assert made_in_shares.planned() == set()
