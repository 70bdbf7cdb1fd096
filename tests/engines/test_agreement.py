"""Snakemake and DVC see the same stages, commands, dependencies, parameters and outputs."""

import json
from pathlib import PurePosixPath

from tests.engines.workspace import Workspace

SNAKEMAKE = """
import json
from understudy.engines.instances import loads_of, recipe_now, sections_of, stage_of
from understudy.engines.snakefile import planned

with planned() as (workflow, project):
    found = {}
    for job in workflow.dag.jobs:
        if not job.output:
            continue
        inputs = [*map(str, job.input), f"data/recipes/{job.rule.name}.json"]
        command = job.shellcmd.replace(f" 2>&1 | tee {job.log} >&2", "")
        found[stage_of(job.rule.name, job.wildcards_dict, project.nouns)] = {
            "command": command,
            "inputs": sorted([*inputs, *([job.params.after] if "after" in job.params.keys() else [])]),
            "outputs": sorted(map(str, job.output)),
            "settings": sorted([*sections_of(job.rule), *job.params.get("models", {})]),
            "params": sorted([*sections_of(job.rule), *job.params.get("models", {}), *loads_of(job.rule)]),
            "code": sorted(recipe_now(job.rule).code),
        }
        assert job.params.recipe == recipe_now(job.rule).digest, job
    print(json.dumps(found))
"""
DVC = """
import json
from dvc.dependency import ParamsDependency
from dvc.repo import Repo


def names(stage):
    return sorted(name for dep in stage.deps if isinstance(dep, ParamsDependency) for name in dep.params)

def files(stage):
    return [dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency)]

with Repo() as repo:
    recipes = {str(stage.outs[0].def_path): stage for stage in repo.index.stages if stage.name.startswith("recipe-")}
    found = {}
    for stage in repo.index.stages:
        if stage.name.startswith("recipe-"):
            continue
        [recipe] = [path for path in files(stage) if path in recipes]
        written = json.loads(open(recipe).read())
        found[stage.addressing] = {
            "command": stage.cmd,
            "inputs": sorted(files(stage)),
            "outputs": sorted(out.def_path for out in stage.outs),
            "params": names(recipes[recipe]),
            "settings": sorted(written["settings"]),
            "code": sorted(written["code"]),
        }
        assert not names(stage), stage
        assert {*written["code"]} <= {*files(recipes[recipe])}, stage
    print(json.dumps(found))
"""


def test_both_engines_see_the_same_stages(finished: Workspace):
    snakemake, dvc = _seen(finished, SNAKEMAKE), _seen(finished, DVC)
    assert set(snakemake) == set(dvc)
    assert len(snakemake) == 17
    for stage, by_snakemake in snakemake.items():
        for aspect in ("command", "outputs", "params", "settings", "code"):
            assert by_snakemake[aspect] == dvc[stage][aspect], stage


def test_both_engines_see_the_same_dependencies(finished: Workspace):
    snakemake, dvc = _seen(finished, SNAKEMAKE), _seen(finished, DVC)
    for stage, by_snakemake in snakemake.items():
        inputs, dependencies = by_snakemake["inputs"], dvc[stage]["inputs"]
        assert [path for path in inputs if not any(_lies_in(path, folder) for folder in dependencies)] == [], stage
        assert [path for path in dependencies if not any(_lies_in(file, path) for file in inputs)] == [], stage


def test_the_rendered_file_is_what_the_rules_say(finished: Workspace):
    before = finished.read("dvc.yaml")
    assert "nothing to do" in finished.run("python", "-m", "understudy.engines.render").stdout
    assert finished.read("dvc.yaml") == before


def _seen(workspace: Workspace, script: str) -> dict[str, dict]:
    return json.loads(workspace.run("python", "-c", script).stdout)


def _lies_in(file: str, path: str) -> bool:
    return PurePosixPath(file).is_relative_to(path)
