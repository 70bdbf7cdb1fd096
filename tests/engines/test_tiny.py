"""The real stages, from the tiny project's footage to a signed shot and its scores, under both engines."""

import json
import re
from pathlib import Path

import pytest

from tests.engines.workspace import Workspace, make_tiny

TABLES = [f"data/{stage}/{clip}.parquet" for stage in ("faces", "landmarks", "embeddings") for clip in ("ada", "bo")]
TABLES += ["data/swaps/bo.ada-for-bo.parquet", "data/scores/bo.ada-for-bo.json"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The tiny project, run by Snakemake."""
    workspace = make_tiny(tmp_path_factory.mktemp("tiny") / "project")
    workspace.snakemake()
    return workspace


def test_the_whole_chain_ends_in_a_signed_shot_and_its_scores(tiny: Workspace):
    shot = "data/shots/bo.ada-for-bo.mp4"
    assert tiny.run("python", "-m", "understudy.provenance.verify", shot).returncode == 0
    scores = json.loads(tiny.read("data/scores/bo.ada-for-bo.json"))
    assert scores


def test_afterwards_neither_engine_has_anything_to_do(tiny: Workspace):
    assert tiny.planned() == set()
    assert tiny.changed() == set()
    assert "data/scores/bo.ada-for-bo.json" in tiny.dvc("metrics", "show").stdout
    assert "history.csv" in tiny.dvc("plots", "show", "--json").stdout


def test_shares_make_the_same_bytes_and_leave_nothing_to_do(tiny: Workspace, tmp_path: Path):
    project = tiny.copy(tmp_path / "project")
    project.edit("understudy/engines/shares.py", "FOOTAGE_BYTES = 100_000_000", "FOOTAGE_BYTES = 10_000")
    for stage in ("faces", "landmarks", "embeddings", "scores"):
        script = re.sub(r"(?m)^PIECES = Pieces\(\d+\)", "PIECES = Pieces(7)", project.read(f"stages/{stage}.py"))
        project.write(f"stages/{stage}.py", script)
    done = project.snakemake("--set-scatter", "share=2")
    said = done.stderr + done.stdout
    assert "embeddings: share 2/2 of data/embeddings/bo.parquet made in" in said
    assert "scores: share 2/2 of data/shots/bo.ada-for-bo.comparison.mp4 made in" in said
    for made in TABLES:
        assert (project.root / made).read_bytes() == (tiny.root / made).read_bytes()
    assert not list((project.root / ".understudy/pieces").rglob("*.piece"))
    for number in (1, 3):
        assert project.planned("--set-scatter", f"share={number}") == set()
    assert project.changed() == set()


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        (
            "faces",
            "upsample",
            99,
            "faces: params.yaml: faces.upsample: Input should be less than or equal to 2, found 99",
        ),
        ("faces", "upsmaple", 1, "faces: params.yaml: faces.upsmaple: no such parameter. Available: "),
    ],
)
def test_a_wrong_parameter_is_the_same_line_from_both_engines(
    tiny: Workspace, tmp_path: Path, section: str, key: str, value: object, message: str
):
    project = tiny.copy(tmp_path / "project")
    project.set_params(lambda params: params[section].update({key: value}))
    by_snakemake = project.snakemake(check=False)
    assert by_snakemake.returncode == 1
    assert f"failed: {message}" in by_snakemake.stderr
    by_dvc = project.dvc("repro", "faces@ada", check=False)
    assert by_dvc.returncode != 0
    assert message in by_dvc.stdout + by_dvc.stderr
