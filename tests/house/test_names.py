"""One name everywhere: a stage is its rule, its DVC stage, its script, its section, its folder, its table, its test."""

import ast
import re
from pathlib import Path

from understudy.stage import SECTIONS

import pytest
import yaml

from understudy.tables import SCHEMAS

ROOT = Path(__file__).parents[2]
WITHOUT_SETTINGS = {"nouns", "clips"}
ABOUT_THE_PROJECT = {"production", "clips", "people", "pairs", "shots", "models"}
RULES = re.findall(r"^rule (\w+):", (ROOT / "Snakefile").read_text(), re.MULTILINE)
STAGES = [rule for rule in RULES if rule != "all"]
BLOCKS = dict(re.findall(r"^rule (\w+):\n(.*?)(?=^rule |^with )", (ROOT / "Snakefile").read_text(), re.M | re.S))
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def test_every_script_is_a_rule_and_every_rule_a_script():
    assert sorted(STAGES) == sorted(file.stem for file in (ROOT / "stages").glob("*.py"))


def test_every_rule_is_a_dvc_stage():
    assert list(yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]) == STAGES


def test_every_section_of_the_parameters_is_a_stage():
    sections = set(PARAMS) - ABOUT_THE_PROJECT
    assert sections == {SECTIONS.get(stage, stage) for stage in STAGES} - WITHOUT_SETTINGS


@pytest.mark.parametrize("stage", STAGES)
def test_a_rule_writes_runs_and_logs_under_its_own_name(stage: str):
    block = BLOCKS[stage]
    assert f"python stages/{stage}.py " in block
    assert f'"logs/{stage}/' in block
    assert f'"data/{stage}' in block
    if "benchmark:" in block:
        assert f'"benchmarks/{stage}/' in block


@pytest.mark.parametrize("stage", STAGES)
def test_a_rule_says_what_it_makes(stage: str):
    assert re.match(r'    """[A-Z][^"]+\."""\n', BLOCKS[stage])


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_a_test_file_of_its_name(stage: str):
    assert (ROOT / f"tests/stages/test_{stage}.py").is_file()


@pytest.mark.parametrize("stage", STAGES)
def test_the_flags_a_rule_passes_are_what_the_script_takes(stage: str):
    tree = ast.parse((ROOT / f"stages/{stage}.py").read_text())
    mains = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "main"]
    taken = [argument.arg for argument in mains[0].args.kwonlyargs if argument.arg != "settings"]
    given = re.findall(r"--([a-z-]+) ", "".join(re.findall(r'^        "(.*)"$', BLOCKS[stage], re.MULTILINE)))
    assert [flag.replace("-", "_") for flag in given] == taken


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_is_a_stage(name: str):
    assert name in STAGES


def test_nothing_lies_in_stages_but_scripts():
    assert {file.suffix for file in (ROOT / "stages").iterdir() if file.name != "__pycache__"} == {".py"}
