"""Manners of the house: what is documented, what is forbidden, what is generated and current."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from docs.generate import GENERATED, settings_classes
from understudy.params import Settings, parse_section

ROOT = Path(__file__).parents[2]
FORBIDDEN_PARAMETERS = {"size", "nfiles"}  # DVC's run cache does not see them
REGISTRY_HOSTS = re.compile(r"\b(pypi\.org|pythonhosted\.org|download\.pytorch\.org|github\.com/[^\s]+\.whl)")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(home|root|Users|opt|work)/")
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def tracked_texts() -> list[Path]:
    """Every text file of the project that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = (ROOT / name for name in listed.split("\0") if name)
    return [file for file in files if file.suffix not in {".mp4", ".png", ".jpg", ".parquet"} and file.is_file()]


def sources() -> list[Path]:
    """The project's own modules and scripts."""
    return sorted([*(ROOT / "understudy").rglob("*.py"), *(ROOT / "stages").glob("*.py")])


def test_no_file_names_a_registry_or_a_machine():
    for file in tracked_texts():
        text = file.read_text(errors="replace")
        if file != Path(__file__):
            assert not REGISTRY_HOSTS.search(text), file
            assert not MACHINE_PATHS.search(text), file


@pytest.mark.parametrize("file", sources(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_public_functions_and_classes_say_what_results(file: Path):
    tree = ast.parse(file.read_text())
    assert ast.get_docstring(tree), "the module says nothing"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


@pytest.mark.parametrize("file", sources(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(file: Path):
    text = file.read_text()
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_no_parameter_has_a_name_that_dvc_overlooks():
    assert not {key for _, key, _ in _leaves(PARAMS)} & FORBIDDEN_PARAMETERS


def test_both_engines_read_the_same_values():
    in_dvc = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
    assert in_dvc == PARAMS


def test_every_parameter_is_documented_and_every_documented_one_is_there():
    for section, settings in settings_classes().items():
        values = _section(section)
        assert values is not None, f"params.yaml has no section {section}"
        _same_keys(section, settings, values)


def test_only_training_and_models_have_settings_with_defaults():
    """They have many, which their origins settle; params.yaml names those that the project chooses."""
    for section, settings in settings_classes().items():
        optional = [name for name, field in settings.model_fields.items() if not field.is_required()]
        assert optional == [] or section == "swapper" or section.startswith("models."), section


def test_no_default_is_written_twice():
    for section, settings in settings_classes().items():
        given = parse_section(settings, _section(section), where=section)
        for name in given.model_fields_set & set(_defaults(settings)):
            assert getattr(given, name) != _defaults(settings)[name], f"{section}.{name}: leave it out of params.yaml"


@pytest.mark.parametrize("name", GENERATED)
def test_generated_documents_are_current(name: str):
    assert (ROOT / "docs" / name).read_text() == GENERATED[name](), "run make docs"


def test_the_rendered_dag_is_current():
    done = subprocess.run(
        [sys.executable, "-m", "understudy.engines.render", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _section(name: str) -> object:
    values: object = PARAMS
    for key in name.split("."):
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _defaults(settings: type[Settings]) -> dict[str, object]:
    return {name: field.default for name, field in settings.model_fields.items() if not field.is_required()}


def _same_keys(where: str, settings: type[Settings], values: object) -> None:
    assert isinstance(values, dict)
    required = {name for name, field in settings.model_fields.items() if field.is_required()}
    assert required <= set(values) <= set(settings.model_fields), where
    for name, field in settings.model_fields.items():
        assert field.description, f"{where}.{name} is not documented"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            _same_keys(f"{where}.{name}", field.annotation, values.get(name, {}))


def _leaves(values: object, where: str = "") -> Iterator[tuple[str, str, object]]:
    for key, value in values.items() if isinstance(values, dict) else ():
        yield where, str(key), value
        yield from _leaves(value, f"{where}.{key}")
