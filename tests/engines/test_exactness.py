"""Every parameter, edited one at a time: the stages that read it run and those below, and no others."""

import pytest
import yaml

from docs.generate import settings_classes
from tests.engines.dag import outputs_from
from tests.engines.parameters import NOUNS, parameters, readers, replaced, with_another
from tests.engines.workspace import ROOT, Workspace

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
MODEL = PARAMS["swapper"]["model"]
SETTINGS = [path for path, _ in parameters(PARAMS) if path.partition(".")[0] not in NOUNS]
CHOICES = {"swapper.model", "swapper.optimizer", "landmarks.backend"}
BO_FOR_ADA = {"source": "bo", "target": "ada"}
NEW_SHOT = {"data/swaps/ada.ada-for-bo.parquet", "data/shots/ada.ada-for-bo.mp4", "data/scores/ada.ada-for-bo.json"}
BELOW_CLIPS = outputs_from({"nouns", "clips"})
NOUN_EDITS = {  # another value, what Snakemake is to run, what DVC is to find changed besides what is missing
    "production": ("another", outputs_from({"swapper"}), {"recipe-swapper", "recipe-swaps", "recipe-shots"}),
    "clips.ada": (
        "data/raw/bo.mp4",
        BELOW_CLIPS | {f"data/{stage}/ada.parquet" for stage in ("frames", "faces", "landmarks", "embeddings")},
        {"recipe-nouns", "recipe-clips", "frames@ada"},
    ),
    "clips.cy": (
        "data/raw/bo.mp4",
        BELOW_CLIPS | {f"data/{stage}/cy.parquet" for stage in ("frames", "faces", "landmarks", "embeddings")},
        {"recipe-nouns", "recipe-clips", "frames@cy", "faces@cy", "landmarks@cy", "embeddings@cy"},
    ),
    "people": (["bo", "ada"], BELOW_CLIPS, {"recipe-nouns", "recipe-clips"}),
    "pairs.bo-ada": (
        BO_FOR_ADA,
        {"data/nouns.txt", "data/swapper/bo-ada/weights.safetensors"},
        {"recipe-nouns", "swapper@bo-ada"},
    ),
    "shots.bo.clip": (
        "ada",
        {"data/nouns.txt"} | NEW_SHOT,
        {"recipe-nouns", "swaps@bo", "shots@bo", "scores@bo"},
    ),
    "shots.ada": (
        {"clip": "ada", "source": "ada", "target": "bo"},
        {"data/nouns.txt"} | NEW_SHOT,
        {"recipe-nouns", "swaps@ada", "shots@ada", "scores@ada"},
    ),
}


@pytest.fixture(scope="module")
def answers(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What both engines say after each edit."""
    project = finished.copy(tmp_path_factory.mktemp("parameters") / "project")
    classes = settings_classes()
    edited = {path: with_another(PARAMS, path, classes) for path in SETTINGS}
    edited |= {path: replaced(PARAMS, path.split("."), value) for path, (value, *_) in NOUN_EDITS.items()}
    cases = [
        {"edits": {"params.yaml": yaml.safe_dump(params, sort_keys=False)}, "whole": path in {*CHOICES, *NOUN_EDITS}}
        for path, params in edited.items()
    ]
    return dict(zip(edited, project.ask(cases), strict=True))


def test_every_parameter_is_edited():
    nouns = {path.split(".")[0] for path in NOUN_EDITS}
    assert len(SETTINGS) > 100
    assert nouns == set(NOUNS)
    assert {path.split(".")[0] for path in SETTINGS} == set(PARAMS) - nouns


@pytest.mark.parametrize("path", SETTINGS)
def test_a_parameter_reruns_the_stages_that_read_it_and_no_others(answers: dict[str, dict], path: str):
    stages = readers(path, model=MODEL)
    assert set(answers[path]["snakemake"]) == outputs_from(stages)
    assert set(answers[path]["dvc"]) == {f"recipe-{stage}" for stage in stages}


@pytest.mark.parametrize("path", NOUN_EDITS)
def test_a_noun_reruns_the_stages_it_concerns_and_no_others(answers: dict[str, dict], path: str):
    _, outputs, changed = NOUN_EDITS[path]
    assert set(answers[path]["snakemake"]) == outputs
    assert set(answers[path]["dvc"]) == changed


@pytest.mark.parametrize("path", ["landmarks.backend", "production"])
def test_the_commands_say_the_same(answers: dict[str, dict], project: Workspace, path: str):
    classes = settings_classes()
    edited = (
        replaced(PARAMS, [path], NOUN_EDITS[path][0]) if path in NOUN_EDITS else with_another(PARAMS, path, classes)
    )
    project.write("params.yaml", yaml.safe_dump(edited, sort_keys=False))
    assert project.planned() == set(answers[path]["snakemake"])
    assert project.changed() == set(answers[path]["dvc"])
