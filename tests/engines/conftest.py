"""Projects to try both engines on."""

from pathlib import Path

import pytest

from tests.engines.workspace import Workspace, make_project


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project in which nothing has been made; not to be changed."""
    root = tmp_path_factory.mktemp("pristine") / "project"
    root.mkdir()
    return make_project(root)


@pytest.fixture(scope="session")
def finished(pristine: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A project that Snakemake has run; not to be changed."""
    workspace = pristine.copy(tmp_path_factory.mktemp("finished") / "project")
    workspace.snakemake()
    return workspace


@pytest.fixture
def fresh(pristine: Workspace, tmp_path: Path) -> Workspace:
    """A project of the test's own in which nothing has been made."""
    return pristine.copy(tmp_path / "project")


@pytest.fixture
def project(finished: Workspace, tmp_path: Path) -> Workspace:
    """A project of the test's own that Snakemake has run."""
    workspace = finished.copy(tmp_path / "project")
    workspace.ran()
    return workspace
