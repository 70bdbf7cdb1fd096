"""One name everywhere: a stage is its rule, its DVC stage, its script, its section, its folder, its table, its test."""

import ast
import re
from pathlib import Path

from understudy.stage import SECTIONS

import pytest
import yaml

from understudy.engines.shares import THINGS
from understudy.tables import SCHEMAS

ROOT = Path(__file__).parents[2]
WITHOUT_SETTINGS = {"nouns", "clips"}
ABOUT_THE_PROJECT = {"production", "clips", "people", "pairs", "shots", "models"}
RULES = re.findall(r"^rule (\w+):", (ROOT / "Snakefile").read_text(), re.MULTILINE)
STAGES = [rule for rule in RULES if rule != "all"]
BLOCKS = dict(re.findall(r"^rule (\w+):\n(.*?)(?=^rule |^with )", (ROOT / "Snakefile").read_text(), re.M | re.S))
SHARED = dict(
    re.findall(
        r"^rule (\w+)_share:\n(.*?)(?=^rule |\Z)",
        (ROOT / "understudy/engines/shares.smk").read_text(),
        re.MULTILINE | re.DOTALL,
    )
)
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())


def test_every_script_is_a_rule_and_every_rule_a_script():
    assert sorted(STAGES) == sorted(file.stem for file in (ROOT / "stages").glob("*.py"))


def test_every_rule_is_a_dvc_stage():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert [stage for stage in stages if not stage.startswith("recipe-")] == STAGES
    assert {f"recipe-{stage}" for stage in STAGES} <= set(stages)


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
    arguments = [argument.arg for argument in mains[0].args.kwonlyargs]
    taken = [argument for argument in arguments if argument not in {"settings", "pieces"}]
    assert flags_of(BLOCKS[stage]) == taken
    if "pieces" in arguments:
        assert flags_of(SHARED[stage]) == [*taken, "share"]


def test_every_stage_in_pieces_has_a_share_rule_and_no_other():
    in_pieces = [stage for stage in STAGES if "pieces: Pieces" in (ROOT / f"stages/{stage}.py").read_text()]
    assert in_pieces == list(SHARED) == list(THINGS)


def flags_of(block: str) -> list[str]:
    """The flags of a rule's command, as arguments."""
    command = "".join(re.findall(r'^        "(.*)"$', block, re.MULTILINE))
    return [flag.replace("-", "_") for flag in re.findall(r"--([a-z-]+) ", command)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_is_a_stage(name: str):
    assert name in STAGES


def test_nothing_lies_in_stages_but_scripts():
    assert {file.suffix for file in (ROOT / "stages").iterdir() if file.name != "__pycache__"} == {".py"}
