"""A commit's artifacts, had again: fetched and verified, or built from footage, and compared by hash."""

import re
import shutil
from pathlib import Path

import pytest

from tests.engines.workspace import Workspace, make_project, more_upsampling

SHOT = "data/shots/bo.ada-for-bo.mp4"
ARTIFACTS = 25
NUM_SIGNED = 3


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project with signed shots that was run and committed; not to be changed."""
    root = tmp_path_factory.mktemp("recorded") / "project"
    root.mkdir()
    workspace = make_project(root)
    workspace.commit("Begin")
    workspace.snakemake(SIGN="1")
    workspace.commit("Run it")
    return workspace


@pytest.fixture
def project(recorded: Workspace, tmp_path: Path) -> Workspace:
    """The same, of the test's own."""
    return recorded.copy(tmp_path / "project")


def reproduce(project: Workspace, commit: str = "HEAD", *arguments: str, status: int = 0, **environment: str):
    command = ("python", "-m", "understudy.engines.reproduce", commit, *arguments)
    done = project.run(*command, check=False, **{"SIGN": "1", **environment})
    assert done.returncode == status, done.stdout + done.stderr
    return done


def rows(printed: str) -> dict[str, tuple[str, str]]:
    """By artifact: whether it was fetched or made, and what became of it."""
    found = [line.split(maxsplit=3) for line in printed.splitlines() if " data/" in line]
    return {path: (origin, verdict) for _, path, origin, verdict in found}


def test_what_the_cache_has_is_fetched_and_nothing_is_built(project: Workspace):
    before = project.artifacts_and_records()
    done = reproduce(project, "HEAD", "--keep")
    assert set(rows(done.stdout).values()) == {("fetched", "equal")}
    assert len(rows(done.stdout)) == ARTIFACTS
    assert not list(project.root.glob(".understudy/reproduce/*/ran.txt"))
    assert project.artifacts_and_records() == before
    (leftover := next(project.root.glob(".understudy/reproduce/*")) / "leftover.txt").touch()
    assert "equal" in reproduce(project).stdout
    assert not leftover.exists()


def test_built_afresh_everything_is_equal_but_for_signatures(project: Workspace):
    before = project.artifacts_and_records()
    done = reproduce(project, "HEAD", "--fresh")
    verdicts = [verdict for _, verdict in rows(done.stdout).values()]
    assert verdicts.count("equal pictures, signed anew") == NUM_SIGNED
    assert verdicts.count("equal") == ARTIFACTS - NUM_SIGNED
    assert {origin for origin, _ in rows(done.stdout).values()} == {"made"}
    assert project.artifacts_and_records() == before
    assert not list(project.root.glob(".understudy/reproduce/*"))
    assert project.run("git", "worktree", "list").stdout.count("\n") == 1


def test_what_is_not_stored_or_damaged_there_is_built(project: Workspace):
    project.forget(SHOT)
    stored = project.stored("data/landmarks/bo.parquet")
    stored.chmod(0o644)
    stored.write_text("damaged")
    found = rows(reproduce(project).stdout)
    assert found[SHOT] == ("made", "equal pictures, signed anew")
    assert found["data/landmarks/bo.parquet"] == ("made", "equal")
    assert found["data/frames/bo.parquet"] == ("fetched", "equal")


def test_an_older_commit_is_reproduced_from_a_remote(project: Workspace, tmp_path: Path):
    project.dvc("remote", "add", "--quiet", "--local", "--default", "store", str(tmp_path / "store"))
    project.dvc("push", "--quiet")
    project.set_params(more_upsampling)
    project.snakemake(SIGN="1")
    project.commit("Search larger pictures")
    shutil.rmtree(project.root / ".dvc/cache")
    done = reproduce(project, "HEAD~1")
    assert set(rows(done.stdout).values()) == {("fetched", "equal")}


def test_a_stage_that_is_not_deterministic_is_found_out(project: Workspace):
    project.edit("stages/swaps.py", "json.dumps(settings(stage)", "json.dumps([time.time_ns(), *settings(stage)]")
    project.snakemake(SIGN="1")
    project.commit("Let it depend on the clock")
    done = reproduce(project, "HEAD", "--fresh", status=1)
    verdicts = {path: verdict for path, (_, verdict) in rows(done.stdout).items()}
    assert {path for path, verdict in verdicts.items() if verdict == "different"} >= {
        "data/swaps/bo.ada-for-bo.parquet",
        SHOT,
        "data/shots/bo.ada-for-bo.payload",
    }
    assert verdicts["data/swapper/ada-bo/weights.safetensors"] == "equal"
    assert "kept in .understudy/reproduce/" in done.stderr


def test_a_stage_that_fails_leaves_its_artifacts_missing(project: Workspace):
    done = reproduce(project, "HEAD", "--fresh", status=1, FAIL="identities")
    assert rows(done.stdout)["data/identities.parquet"] == ("-", "missing")
    assert rows(done.stdout)["data/faces/bo.parquet"] == ("made", "equal")
    assert "snakemake ended with status 1" in done.stderr.splitlines()[-1]


def test_footage_that_git_does_not_have_comes_from_dvc_or_from_here_if_it_is_the_same(project: Workspace):
    project.run("git", "rm", "--quiet", "--cached", "data/raw/ada.mp4", "data/raw/bo.mp4")
    project.write(".gitignore", project.read(".gitignore") + "/data/raw/bo.mp4\n")
    project.dvc("add", "--quiet", "data/raw/ada.mp4")
    project.commit("Keep footage out of git")
    (project.root / "data/raw/ada.mp4").unlink()
    found = rows(reproduce(project, "HEAD", "--fresh").stdout)
    assert found["data/frames/ada.parquet"] == found["data/frames/bo.parquet"] == ("made", "equal")
    project.write("data/raw/bo.mp4", "other footage")
    refused = reproduce(project, "HEAD", "--fresh", status=1)
    assert "understudy: data/raw/bo.mp4: not in git, not stored by DVC, and is another file here" in refused.stderr
    (project.root / "data/raw/bo.mp4").unlink()
    refused = reproduce(project, "HEAD", "--fresh", status=1)
    assert "data/raw/bo.mp4: not in git, not stored by DVC, and is not here either" in refused.stderr


def test_an_interrupted_reproduction_is_gone_on_with(project: Workspace):
    head = project.run("git", "rev-parse", "HEAD").stdout[:12]
    folder = project.root / f".understudy/reproduce/{head}-fresh"
    project.run("git", "worktree", "add", "--quiet", "--detach", str(folder))
    there = Workspace(folder)
    there.snakemake("--until", "identities", SIGN="1")
    there.ran()
    reproduce(project, "HEAD", "--fresh", "--keep")
    assert {line.split()[0] for line in there.ran()} == {"crops", "swapper", "swaps", "shots", "scores"}


def test_another_environment_and_unrecorded_code_are_said_in_a_line_each(project: Workspace):
    lock = re.sub(r"(?m)^ruff==.*$", "ruff==0.0.1\nnot-a-package==1.0", project.read("envs/requirements.lock"))
    project.write("envs/requirements.lock", lock)
    project.edit("stages/scores.py", "A stand-in", "Another stand-in")
    project.commit("Edit and do not run")
    done = reproduce(project)
    said = [line for line in done.stderr.splitlines() if line.startswith("reproduce: warning")]
    assert len(said) == 2
    assert ", not 0.0.1, not-a-package is not installed, not 1.0" in said[0]
    assert "recorded with other files than it has: envs/requirements.lock, stages/scores.py" in said[1]


@pytest.mark.parametrize(
    ("commit", "line"),
    [
        ("nothing", "nothing: no such commit here"),
        ("", "COMMIT: no such commit here"),
        ("HEAD~1", "has no dvc.lock, so there is nothing to compare with"),
    ],
)
def test_what_cannot_be_reproduced_is_one_line(recorded: Workspace, commit: str, line: str):
    done = reproduce(recorded, commit, status=1)
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_with_something_else_in_it_is_refused(recorded: Workspace, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    done = reproduce(recorded, "HEAD", "--into", str(tmp_path), status=1)
    assert "something else is there" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
