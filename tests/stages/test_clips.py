"""clips: the manifest, and nothing left of clips that were dropped."""

import json
from pathlib import Path

import pytest
import yaml

from stages.clips import main
from understudy.manifest import read_manifest


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_PARAMS", raising=False)
    for name in ("ada", "bo"):
        _touch(f"people/{name}.yaml")
        _touch(f"data/raw/{name}.mp4")
    params = {
        "clips": {"bo": "data/raw/bo.mp4", "ada": "data/raw/ada.mp4"},
        "people": ["bo", "ada"],
        "pairs": {"ada-bo": {"source": "ada", "target": "bo"}},
        "shots": {"bo": {"clip": "bo", "source": "ada", "target": "bo"}},
    }
    Path("params.yaml").write_text(yaml.safe_dump(params))


def test_the_manifest_names_clips_and_people_sorted():
    main(clips=Path("data/clips.json"))
    manifest = read_manifest(Path("data/clips.json"))
    assert (manifest.clips, manifest.people) == (("ada", "bo"), ("ada", "bo"))
    assert set(json.loads(Path("data/clips.json").read_text())) == {"clips", "people"}


def test_what_was_made_of_dropped_clips_people_and_shots_is_removed():
    kept = [
        "data/frames/ada.parquet",
        "data/embeddings/bo.parquet",
        "data/crops/ada.parquet",
        "data/shots/bo.ada-for-bo.mp4",
        "data/shots/bo.ada-for-bo.comparison.png",
        "data/scores/bo.ada-for-bo.json",
    ]
    dropped = [
        "data/frames/cy.parquet",
        "data/embeddings/cy.parquet",
        "data/crops/cy.parquet",
        "data/swaps/cy.ada-for-bo.parquet",
        "data/shots/cy.ada-for-bo.comparison.mp4",
        "data/scores/bo.cy-for-bo.json",
    ]
    for path in kept + dropped:
        _touch(path)
    main(clips=Path("data/clips.json"))
    assert [path for path in kept if not Path(path).exists()] == []
    assert [path for path in dropped if Path(path).exists()] == []


def test_trained_swappers_and_footage_stay():
    _touch("data/swapper/cy-bo/weights.safetensors")
    _touch("data/raw/cy.mp4")
    main(clips=Path("data/clips.json"))
    assert Path("data/swapper/cy-bo/weights.safetensors").exists()
    assert Path("data/raw/cy.mp4").exists()


def _touch(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
