"""Whatever people do and in whatever order: afterwards everything is what a fresh build would be, for both engines."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.workspace import Workspace
from tests.sequences.project import Warm, play, storm

SEEDS = range(30)  # `make nightly` plays more
STORMS = range(3)  # of four kills each


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.stop()


@pytest.mark.parametrize("seed", SEEDS)
def test_any_sequence_ends_in_what_a_fresh_build_makes(finished: Workspace, warm: Warm, tmp_path: Path, seed: int):
    project = play(finished, tmp_path / "project", warm, seed=seed)
    shutil.rmtree(project.root)


@pytest.mark.parametrize("seed", STORMS)
def test_runs_that_were_killed_end_in_what_a_fresh_build_makes(
    pristine: Workspace, warm: Warm, tmp_path: Path, seed: int
):
    assert storm(pristine, tmp_path / "project", warm, seed=seed, kills=4)
    shutil.rmtree(tmp_path / "project")
