"""What an edit makes run again: exactly the stages it concerns and those below them, by both engines."""

import json
from pathlib import PurePosixPath

import pytest

from tests.engines.dag import ANALYSIS, BELOW, outputs_of
from tests.engines.workspace import Workspace

SECTION_OF = {"shots": "look"}


@pytest.mark.parametrize("stage", BELOW)
def test_an_edited_parameter_reruns_its_stage_and_those_below(project: Workspace, stage: str):
    project.set_params(lambda params: _edit_first_number(params[SECTION_OF.get(stage, stage)]))
    assert project.planned() == outputs_of(BELOW[stage])
    assert project.changed() == {f"recipe-{stage}"}


def test_a_parameter_of_the_chosen_model_reruns_its_training(project: Workspace):
    model = project.params()["swapper"]["model"]
    project.set_params(lambda params: _edit_first_number(params["models"][model]))
    assert project.planned() == outputs_of(BELOW["swapper"])
    assert project.changed() == {"recipe-swapper"}


def test_a_parameter_of_another_model_reruns_nothing(project: Workspace):
    others = set(project.params()["models"]) - {project.params()["swapper"]["model"]}
    assert others
    for other in others:
        project.set_params(lambda params, other=other: _edit_first_number(params["models"][other]))
    assert project.planned() == set()
    assert project.changed() == set()


def test_a_comment_and_another_order_rerun_nothing(project: Workspace):
    project.set_params(lambda params: params.update(faces=dict(reversed(params["faces"].items()))))
    project.write("params.yaml", "# a comment\n" + project.read("params.yaml"))
    assert project.planned() == set()
    assert project.changed() == set()


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("stages/landmarks.py", BELOW["landmarks"]),
        ("stages/scores.py", BELOW["scores"]),
        ("stages/nouns.py", {"nouns"}),
    ],
)
def test_an_edited_script_reruns_its_stage_and_those_below(project: Workspace, file: str, stages: set[str]):
    project.write(file, project.read(file) + "EDITED = True\n")
    assert project.planned() == outputs_of(stages)


def test_an_edited_model_reruns_its_training_and_another_model_nothing(project: Workspace):
    model = project.params()["swapper"]["model"]
    others = {file.stem for file in (project.root / "understudy/models").glob("[!_]*.py")} - {model}
    for other in others:
        _append(project, f"understudy/models/{other}.py")
    assert others
    assert project.planned() == set()
    _looks_and_runs_nothing(project, {"recipe-swapper", "recipe-swaps"})
    _append(project, f"understudy/models/{model}.py")
    assert project.planned() == outputs_of(BELOW["swapper"])
    assert project.changed() == {"recipe-swapper", "recipe-swaps"}


def test_a_loss_that_the_model_names_in_a_list_reruns_its_training_and_another_loss_nothing(project: Workspace):
    model = project.params()["swapper"]["model"]
    for name in ("of_lips", "of_hair"):
        project.write(f"understudy/losses/{name}.py", "WEIGHT = 1\n")
    terms = [{"loss": "mae"}, {"loss": "of_lips", "weight": 0.5}]
    project.set_params(lambda params: params["models"][model].update(losses=terms))
    project.snakemake()
    project.ran()
    recipe = json.loads(project.read("data/recipes/swapper.json"))
    assert "understudy/losses/of_lips.py" in recipe["scripts"]
    assert "understudy/losses/of_hair.py" not in recipe["code"]
    _append(project, "understudy/losses/of_hair.py")
    assert project.planned() == set()
    _looks_and_runs_nothing(project, {"recipe-swapper"})
    _append(project, "understudy/losses/of_lips.py")
    assert project.planned() == outputs_of(BELOW["swapper"])
    project.dvc("repro", "--quiet")
    assert project.ran() == ["swapper data/swapper/ada-bo"]  # the stand-in makes the same bytes
    assert project.planned() == set()


def test_another_model_is_chosen_with_dvc_alone(project: Workspace):
    before = project.read("dvc.yaml")
    project.set_params(lambda params: params["swapper"].update(model="compact"))
    project.dvc("repro", "--quiet")
    assert {line.split()[0] for line in project.ran()} == BELOW["swapper"]
    recipe = json.loads(project.read("data/recipes/swapper.json"))
    assert set(recipe["settings"]) == {"production", "swapper", "models.compact"}
    assert [path for path in recipe["code"] if path.startswith("understudy/models/")] == [
        "understudy/models/__init__.py",
        "understudy/models/compact.py",
    ]
    assert project.read("dvc.yaml") == before
    assert project.changed() == set()
    assert project.planned() == set()


def test_an_edited_module_reruns_the_stages_that_import_it(project: Workspace):
    _append(project, "understudy/provenance/consent.py")
    assert {PurePosixPath(path).parts[1] for path in project.planned()} >= {"swapper", "shots"}
    assert not {PurePosixPath(path).parts[1] for path in project.planned()} & {"frames", "faces", "landmarks"}


def test_a_new_clip_is_analysed_and_what_gathers_runs_again(project: Workspace):
    project.write("data/raw/cy.mp4", "footage of cy")
    project.set_params(lambda params: params["clips"].update(cy="data/raw/cy.mp4"))
    new = {f"data/{stage}/cy.parquet" for stage in ANALYSIS}
    assert project.planned() == outputs_of({"nouns", "clips"} | BELOW["identities"]) | new


def test_a_dropped_clip_leaves_no_artifact_and_both_engines_agree(project: Workspace):
    project.set_params(lambda params: params["clips"].update(cy="data/raw/cy.mp4"))
    project.write("data/raw/cy.mp4", "footage of cy")
    project.snakemake()
    assert "data/embeddings/cy.parquet" in project.artifacts()
    project.set_params(lambda params: params["clips"].pop("cy"))
    assert project.planned() == outputs_of({"nouns", "clips"} | BELOW["identities"])
    project.snakemake()
    assert [path for path in project.artifacts() if "cy" in path] == ["data/raw/cy.mp4"]
    assert project.changed() == set()


def test_a_new_shot_reruns_no_analysis(project: Workspace):
    project.set_params(lambda params: params["pairs"].update({"bo-ada": {"source": "bo", "target": "ada"}}))
    project.set_params(lambda params: params["shots"].update(ada={"clip": "ada", "source": "bo", "target": "ada"}))
    expected = {
        "data/nouns.txt",
        "data/swapper/bo-ada/weights.safetensors",
        "data/swaps/ada.bo-for-ada.parquet",
        "data/shots/ada.bo-for-ada.mp4",
        "data/scores/ada.bo-for-ada.json",
    }
    assert project.planned() == expected


def test_another_still_in_a_folder_reruns_its_clip(fresh: Workspace):
    fresh.set_params(lambda params: params["clips"].update(ada="data/raw/stills"))
    fresh.write("data/raw/stills/1.png", "one")
    fresh.snakemake("--until", "frames")
    fresh.write("data/raw/stills/1.png", "another one")
    assert "data/frames/ada.parquet" in fresh.planned()
    assert "data/frames/bo.parquet" not in fresh.planned()


def _looks_and_runs_nothing(project: Workspace, recipes: set[str]) -> None:
    """DVC looks at what it has to, writes the same recipes, and runs nothing below."""
    before = project.artifacts()
    assert project.changed() == recipes
    project.dvc("repro", "--quiet")
    assert project.ran() == []
    assert project.artifacts() == before
    assert project.changed() == set()


def _append(project: Workspace, file: str) -> None:
    project.write(file, project.read(file) + "EDITED = True\n")


def _edit_first_number(section: dict) -> None:
    numbers = [key for key, value in section.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    if numbers:
        section[numbers[0]] += 1
    else:
        section[next(iter(section))] = "edited"
