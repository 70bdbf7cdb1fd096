"""A run by one engine is nothing to do for the other, and no order of commands makes Snakemake skip wrongly."""

import os
import shutil
from pathlib import Path

import pytest

from tests.engines.workspace import Workspace, less_upsampling, more_upsampling

BELOW_FACES = 12  # jobs: 2 each of faces, landmarks, embeddings, crops, and identities, swapper, swaps, shots, scores
FACES = {"data/faces/ada.parquet", "data/faces/bo.parquet"}


@pytest.fixture(scope="session")
def remade(pristine: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project that DVC has made; not to be changed."""
    workspace = pristine.copy(tmp_path_factory.mktemp("remade") / "project")
    workspace.dvc("repro", "--quiet")
    return workspace


@pytest.fixture
def made_by_dvc(remade: Workspace, tmp_path: Path) -> Workspace:
    """A project of the test's own that DVC has made."""
    workspace = remade.copy(tmp_path / "project")
    workspace.ran()
    return workspace


def test_a_snakemake_run_is_nothing_to_do_for_dvc(project: Workspace):
    assert project.changed() == set()
    project.dvc("repro", "--quiet")
    assert project.ran() == []


def test_a_dvc_run_is_nothing_to_do_for_snakemake(made_by_dvc: Workspace):
    assert made_by_dvc.planned() == set()
    made_by_dvc.snakemake()
    assert made_by_dvc.ran() == []


def test_both_engines_make_the_same_bytes(project: Workspace, remade: Workspace):
    assert project.artifacts() == remade.artifacts()


def test_metrics_and_plots_are_shown(project: Workspace):
    assert "data/scores/bo.ada-for-bo.json" in project.dvc("metrics", "show").stdout
    shown = project.dvc("plots", "show", "--json").stdout
    assert "history.csv" in shown


def test_after_a_pull_and_an_edit_what_depends_on_it_runs(project: Workspace, tmp_path: Path):
    clone = _pulled_clone(project, tmp_path)
    clone.set_params(more_upsampling)
    assert len(clone.planned()) == BELOW_FACES + 1
    clone.snakemake()
    assert clone.changed() == set()
    assert clone.read("data/faces/ada.parquet") != project.read("data/faces/ada.parquet")


def test_after_a_pull_nothing_is_to_do(project: Workspace, tmp_path: Path):
    clone = _pulled_clone(project, tmp_path)
    assert "accepted" in clone.run("python", "-m", "understudy.engines.accept").stdout
    assert clone.planned() == set()
    clone.set_params(more_upsampling)
    assert len(clone.planned()) == BELOW_FACES + 1


def test_accepting_refuses_what_dvc_does_not_vouch_for(made_by_dvc: Workspace):
    made_by_dvc.set_params(more_upsampling)
    refused = made_by_dvc.run("python", "-m", "understudy.engines.accept", check=False)
    assert refused.returncode == 1
    assert "not as dvc.lock records: faces@ada, faces@bo" in refused.stderr


def test_an_edit_after_a_dvc_run_reruns_what_depends_on_it(made_by_dvc: Workspace):
    made_by_dvc.set_params(more_upsampling)
    assert len(made_by_dvc.planned()) == BELOW_FACES + 1


def test_a_parameter_set_back_after_a_dvc_run_is_not_skipped(project: Workspace):
    project.set_params(more_upsampling)
    project.dvc("repro", "--quiet")
    with_more = project.read("data/faces/ada.parquet")
    project.set_params(less_upsampling)
    assert project.planned() >= FACES
    project.snakemake()
    assert project.read("data/faces/ada.parquet") != with_more
    assert project.changed() == set()


def test_a_stage_that_dvc_made_alone_reruns_those_below(project: Workspace):
    project.set_params(more_upsampling)
    project.dvc("repro", "--quiet", "faces@ada", "faces@bo")
    planned = project.planned()
    assert not planned & FACES
    assert len(planned) == BELOW_FACES + 1 - len(FACES)


def test_a_stage_alone_refuses_to_run_with_another_recipe_than_dvc_would_record(project: Workspace):
    before = project.read("data/faces/ada.parquet")
    project.set_params(more_upsampling)
    project.dvc("checkout", "--quiet", "--force")
    (project.root / "data/faces/ada.parquet").unlink()
    refused = project.dvc("repro", "--force", "--single-item", "faces@ada", check=False)
    assert refused.returncode != 0
    assert "params.yaml: faces was edited" in refused.stdout + refused.stderr
    project.snakemake()
    assert project.read("data/faces/ada.parquet") != before
    assert project.changed() == set()


def test_an_artifact_changed_by_hand_is_made_again(project: Workspace):
    made = project.read("data/landmarks/bo.parquet")
    project.write("data/landmarks/bo.parquet", "edited")
    project.snakemake()
    assert project.read("data/landmarks/bo.parquet") == made


@pytest.mark.parametrize("path", ["data/clips.json", "data/embeddings/bo.parquet", "data/identities.parquet"])
@pytest.mark.parametrize("engine", ["snakemake", "dvc"])
def test_a_lost_artifact_is_made_again_and_nothing_else(project: Workspace, path: str, engine: str):
    made = project.artifacts()
    (project.root / path).unlink()
    project.snakemake() if engine == "snakemake" else project.dvc("repro", "--quiet")
    assert project.artifacts() == made
    assert len(project.ran()) <= 1  # DVC may have it in its cache
    assert project.planned() == set()
    assert project.changed() == set()


def test_an_older_commit_whose_artifacts_are_all_there_is_nothing_to_do(project: Workspace):
    before = {path: project.read(path) for path in ("params.yaml", "dvc.yaml", "dvc.lock")}
    project.set_params(lambda params: params["pairs"].update({"ada-ada": {"source": "ada", "target": "ada"}}))
    project.dvc("repro", "--quiet")
    assert project.planned() == set()
    for path, text in before.items():
        project.write(path, text)
    project.dvc("repro", "--quiet")
    assert project.changed() == set()
    assert project.planned() == set()


@pytest.mark.parametrize("way", ["dvc checkout", "snakemake", "dvc repro"])
def test_a_clip_that_an_older_commit_does_not_have_is_gone_with_it(project: Workspace, way: str):
    paths = ("params.yaml", "dvc.yaml", "dvc.lock", "data/clips.json", "data/identities.parquet")
    before, made = {path: project.read(path) for path in paths}, project.artifacts()
    project.write("data/raw/cy.mp4", "footage of cy")
    project.set_params(lambda params: params["clips"].update(cy="data/raw/cy.mp4"))
    project.snakemake()
    for path, text in before.items():
        project.write(path, text)
    shutil.rmtree(project.root / ".snakemake")
    project.run(*way.split(), *["--quiet"] * way.startswith("dvc"))
    project.dvc("checkout", "--quiet")
    (project.root / "data/raw/cy.mp4").unlink()
    assert project.artifacts() == made
    assert project.read("dvc.lock") == before["dvc.lock"]
    assert project.changed() == set()
    assert project.planned() == set()


def test_footage_replaced_by_an_older_file_is_noticed(project: Workspace):
    project.write("older.mp4", "other footage")
    os.utime(project.root / "older.mp4", (1, 1))
    (project.root / "older.mp4").rename(project.root / "data/raw/bo.mp4")
    assert "data/frames/bo.parquet" in project.planned()
    assert "data/frames/ada.parquet" not in project.planned()


def test_an_older_state_checked_out_is_nothing_to_do(project: Workspace):
    before = project.read("params.yaml"), project.read("dvc.lock")
    project.set_params(more_upsampling)
    project.snakemake()
    project.write("params.yaml", before[0])
    project.write("dvc.lock", before[1])
    project.dvc("checkout", "--quiet", "--force")
    assert project.planned() == set()


def _pulled_clone(project: Workspace, tmp_path: Path) -> Workspace:
    """What a colleague has after cloning and pulling: DVC's artifacts, nothing of Snakemake's."""
    remote = tmp_path / "remote"
    project.dvc("remote", "add", "--quiet", "--default", "store", str(remote))
    project.dvc("push", "--quiet")
    clone = project.copy(tmp_path / "clone")
    for folder in (".snakemake", ".understudy", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(clone.root / folder, ignore_errors=True)
    for path in clone.artifacts():
        if not path.startswith("data/raw/"):
            (clone.root / path).unlink()
    clone.dvc("pull", "--quiet")
    clone.ran()
    return clone
