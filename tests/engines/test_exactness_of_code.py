"""Every source file and every pinned package, edited one at a time: what may depend on it runs, and nothing else."""

import json
from collections.abc import Callable

import pytest

from tests.engines.dag import outputs_from
from tests.engines.expected import Code, code_of_recipes, code_of_stages, packages_of, pinned
from tests.engines.workspace import ROOT, Workspace

LOCK = "envs/requirements.lock"
FILES = sorted(
    file.relative_to(ROOT).as_posix() for folder in ("understudy", "stages") for file in (ROOT / folder).rglob("*.py")
)
NAMED, UNNAMED = "flip", "color"  # augmentations
PINNED = pinned((ROOT / LOCK).read_text())
OF_NO_STAGE = {"ruff", "snakemake", "dvc", "pytest", "mypy", "snakefmt", "pandas", "aiohttp", "ruamel-yaml-clib"}


@pytest.fixture(scope="module")
def edited(finished: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A finished project to make edits in, each taken back; its model names a part that it does not import."""
    project = finished.copy(tmp_path_factory.mktemp("code") / "project")
    model = project.params()["swapper"]["model"]
    parts = {"losses": [{"loss": "mse", "weight": 1.0}, {"of": {"augmentation": NAMED}}]}
    project.set_params(lambda params: params["models"][model].update(parts))
    project.snakemake()
    return project


@pytest.fixture(scope="module")
def stages(edited: Workspace) -> dict[str, Code]:
    return code_of_stages(edited.root, edited.params())


@pytest.fixture(scope="module")
def recipes(edited: Workspace) -> dict[str, Code]:
    return code_of_recipes(edited.root)


@pytest.fixture(scope="module")
def used(stages: dict[str, Code]) -> dict[str, set[str]]:
    """The packages that each stage may depend on."""
    return {stage: packages_of(code, among=PINNED) for stage, code in stages.items()}


@pytest.fixture(scope="module")
def answers(edited: Workspace, used: dict[str, set[str]]) -> dict[str, dict]:
    """What Snakemake says after an edit of each file and of each package, and which recipes are others."""
    edits = {file: {file: with_code(edited.read(file))} for file in FILES}
    edits |= {name: {LOCK: with_another_version(name)} for name in sorted(OF_NO_STAGE.union(*used.values()))}
    edits["comments"] = {file: with_comment(edited.read(file)) for file in FILES}
    answers = edited.ask([{"edits": edit, "whole": False} for edit in edits.values()])
    return dict(zip(edits, answers, strict=True))


@pytest.mark.parametrize("file", FILES)
def test_a_file_reruns_the_stages_that_load_it_and_no_others(
    answers: dict[str, dict], stages: dict[str, Code], file: str
):
    concerned = {stage for stage, code in stages.items() if file in code.files}
    assert set(answers[file]["snakemake"]) == outputs_from(concerned)
    assert set(answers[file]["recipes"]) == concerned


def test_what_a_model_names_is_code_of_its_training_alone_and_what_it_does_not_is_of_no_stage(
    stages: dict[str, Code], recipes: dict[str, Code]
):
    for name, concerned in ((NAMED, {"swapper"}), (UNNAMED, set())):
        file = f"understudy/augmentations/{name}.py"
        assert {stage for stage, code in stages.items() if file in code.files} == concerned
        assert file in recipes["recipe-swapper"].files


def test_every_file_is_a_dependency_of_the_recipes_whose_scripts_may_load_it(
    edited: Workspace, recipes: dict[str, Code]
):
    expected = {recipe: {*code.files} for recipe, code in recipes.items()}
    assert _said_by_dvc_of(edited, with_code) == expected
    assert _said_by_dvc_of(edited, with_comment) == expected


def test_comments_rerun_nothing_and_change_no_recipe(answers: dict[str, dict]):
    assert answers["comments"] == {"snakemake": [], "dvc": [], "recipes": []}


def test_a_package_reruns_the_stages_that_stand_on_it_and_no_others(
    answers: dict[str, dict], used: dict[str, set[str]]
):
    for package in sorted(OF_NO_STAGE.union(*used.values())):
        concerned = {stage for stage, packages in used.items() if package in packages}
        assert set(answers[package]["snakemake"]) == outputs_from(concerned), package
        assert set(answers[package]["recipes"]) == concerned, package
        assert bool(concerned) != (package in OF_NO_STAGE), package


def test_the_commands_say_the_same_of_a_file_and_a_package(
    answers: dict[str, dict], project: Workspace, recipes: dict[str, Code]
):
    file = "understudy/clustering.py"
    project.write(file, with_code(project.read(file)))
    assert project.planned() == set(answers[file]["snakemake"])
    project.write(LOCK, with_another_version("scikit-learn"))
    assert project.planned() == set(answers[file]["snakemake"]) | set(answers["scikit-learn"]["snakemake"])
    assert project.changed() == set(recipes)


def with_code(text: str) -> str:
    return f"{text}EDITED = True\n"


def with_comment(text: str) -> str:
    return f"# a comment\n\n{text}\n# another\n"


def with_another_version(package: str) -> str:
    """The lock file with another version of a package."""
    lines = (ROOT / LOCK).read_text().splitlines(keepends=True)
    edited = [f"{line.strip()}.1\n" if {*pinned(line)} == {package} else line for line in lines]
    assert edited != lines, package
    return "".join(edited)


def _said_by_dvc_of(project: Workspace, edit: Callable[[str], str]) -> dict[str, set[str]]:
    """Which files each recipe finds changed when all are."""
    texts = {file: project.read(file) for file in FILES}
    for file, text in texts.items():
        project.write(file, edit(text))
    said = json.loads(project.dvc("status", "--json").stdout)
    for file, text in texts.items():
        project.write(file, text)
    return {
        stage: {path for reason in reasons for path in reason.get("changed deps", {}) if path.endswith(".py")}
        for stage, reasons in said.items()
    }
