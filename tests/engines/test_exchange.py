"""Artifacts to a remote and back, and what remains when DVC's cache has been cleared of what it seems not to need."""

import shutil
from pathlib import Path

import pytest

from tests.engines.workspace import Workspace, more_upsampling


@pytest.fixture(scope="module")
def two_commits(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project with two commits, both pushed to a remote, and a third state that is not committed."""
    folder = tmp_path_factory.mktemp("two commits")
    project = finished.copy(folder / "project")
    project.dvc("remote", "add", "--quiet", "--default", "store", str(folder / "remote"))
    project.commit("Run it")
    exchange(project, "push")
    project.set_params(more_upsampling)
    project.snakemake()
    project.commit("Search larger pictures")
    exchange(project, "push")
    project.set_params(lambda params: params["scores"].update(moments=9))
    project.snakemake()
    return project


@pytest.fixture
def project(two_commits: Workspace, tmp_path: Path) -> Workspace:
    """The same, of the test's own."""
    workspace = two_commits.copy(tmp_path / "project")
    workspace.ran()
    return workspace


def exchange(project: Workspace, verb: str, *, status: int = 0) -> str:
    done = project.run("python", "-m", "understudy.engines.exchange", verb, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else done.stdout


def to_older_commit(project: Workspace) -> None:
    project.run("git", "checkout", "--quiet", "--force", "HEAD~1")


def test_a_fresh_clone_pulls_and_has_nothing_to_compute(project: Workspace, tmp_path: Path):
    project.run("git", "clone", "--quiet", str(project.root), str(tmp_path / "clone"))
    clone = Workspace(tmp_path / "clone")
    said = exchange(clone, "pull")
    assert said == "pull: 30 files fetched; every artifact is what dvc.lock says, nothing to compute\n"
    assert clone.planned() == set()
    clone.dvc("repro", "--quiet")
    assert clone.ran() == []
    assert exchange(clone, "pull").startswith("pull: 0 files fetched; ")


def test_what_the_remote_lacks_is_named_and_made(project: Workspace, tmp_path: Path):
    project.dvc("remote", "add", "--quiet", "--force", "--default", "store", str(tmp_path / "other"))
    project.run("git", "stash", "--quiet", "--", "params.yaml", "dvc.lock")
    project.dvc("checkout", "--quiet", "--force")
    stored = tmp_path / "other" / project.stored("data/crops/ada.parquet").relative_to(project.root / ".dvc/cache")
    assert exchange(project, "push").startswith("push: 30 files sent; ")
    stored.unlink()
    shutil.rmtree(project.root / ".dvc/cache")
    (project.root / "data/crops/ada.parquet").unlink()
    said = exchange(project, "pull", status=1)
    assert (
        "pull: 29 files fetched; not as dvc.lock records: crops@ada, scores@bo, swapper@ada-bo; `snakemake` makes"
        in said
    )
    project.ran()
    project.snakemake()
    ran = {line.split()[0] for line in project.ran()}
    assert "crops" in ran
    assert not ran & {"faces", "identities"}
    assert project.changed() == set()


def test_what_is_not_as_recorded_is_not_pushed(project: Workspace):
    project.set_params(more_upsampling)
    assert "push: not as dvc.lock records: faces@ada, faces@bo; run `snakemake` first" in exchange(
        project, "push", status=1
    )


def test_artifacts_that_the_cache_has_lost_are_pushed_all_the_same(project: Workspace, tmp_path: Path):
    project.dvc("remote", "add", "--quiet", "--force", "--default", "store", str(tmp_path / "other"))
    shutil.rmtree(project.root / ".dvc/cache")
    assert exchange(project, "push").startswith("push: 30 files sent; ")


def test_without_a_remote_one_line_says_how_to_add_one(project: Workspace):
    project.dvc("remote", "remove", "store")
    for verb in ("push", "pull"):
        assert exchange(project, verb, status=1).startswith("understudy: no remote is configured; `dvc remote add ")


def test_a_remote_that_cannot_be_reached_is_one_line(project: Workspace, tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    project.dvc("remote", "add", "--quiet", "--force", "--default", "store", str(tmp_path / "file/store"))
    said = exchange(project, "push", status=1)
    assert said.startswith("understudy: push: ")
    assert said.count("\n") == 1


def test_clearing_what_no_commit_needs_loses_nothing_that_is_recorded(project: Workspace):
    project.dvc("gc", "--quiet", "--force", "--all-commits")
    assert project.changed() == set()
    to_older_commit(project)
    project.dvc("checkout", "--quiet", "--force")
    assert project.planned() == set()
    assert project.changed() == set()


def test_clearing_all_but_the_present_state_leaves_older_commits_to_the_remote(project: Workspace):
    project.dvc("gc", "--quiet", "--force", "--workspace")
    assert project.changed() == set()
    assert project.planned() == set()
    to_older_commit(project)
    assert "nothing to compute" in exchange(project, "pull")


def test_clearing_all_but_the_present_state_without_a_remote_means_making_older_commits_again(project: Workspace):
    project.dvc("gc", "--quiet", "--force", "--workspace")
    to_older_commit(project)
    project.dvc("checkout", "--quiet", "--force", "--allow-missing")
    project.snakemake()
    assert {line.split()[0] for line in project.ran()} >= {"faces", "scores"}
    assert project.changed() == set()


def test_after_clearing_the_run_cache_does_not_bring_back_what_is_gone(project: Workspace):
    project.dvc("gc", "--quiet", "--force", "--workspace")
    to_older_commit(project)
    project.dvc("repro", "--quiet")
    assert {line.split()[0] for line in project.ran()} >= {"faces", "scores"}
    assert project.changed() == set()
