"""What both engines would run after each of many edits, asked in one process inside a project; the answers as JSON.

`python asking.py CASES`, a file with a list of edits: the new text of each file by its path. An edit is made, the
engines are asked, and it is taken back. The answers are

    snakemake  the first outputs of the jobs it would run
    dvc        the recipes of which DVC finds that their settings changed; to a case marked `whole`, every stage that
               `dvc status` names
    recipes    the stages whose recipes would be others
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dvc.dependency import ParamsDependency
from dvc.repo import Repo

from understudy.closure import forget
from understudy.engines.instances import recipe_now, stage_rules
from understudy.engines.snakefile import planned
from understudy.libraries import read_lock


def main() -> None:
    cases = json.loads(Path(sys.argv[1]).read_text())
    with Repo() as repo:
        stages = [stage for stage in repo.index.stages if stage.name.startswith("recipe-")]
        _, before = asked_of_snakemake()
        json.dump([answer(case, stages, before) for case in cases], sys.stdout)


def answer(case: Mapping, stages: list, before: Mapping[str, str]) -> dict[str, list[str]]:
    with edited(case["edits"]):
        outputs, recipes = asked_of_snakemake()
        changed = everything_changed() if case["whole"] else settings_changed(stages)
    return {
        "snakemake": sorted(outputs),
        "dvc": sorted(changed),
        "recipes": sorted(name for name, text in recipes.items() if text != before[name]),
    }


@contextmanager
def edited(texts: Mapping[str, str]) -> Iterator[None]:
    """The project with these files' texts for the time of the block."""
    before = {path: Path(path).read_text() for path in texts}
    try:
        for path, text in texts.items():
            Path(path).write_text(text)
        yield
    finally:
        for path, text in before.items():
            Path(path).write_text(text)


def asked_of_snakemake() -> tuple[list[str], dict[str, str]]:
    """The first outputs of what would run, and every recipe as it would be written now."""
    os.environ.pop("UNDERSTUDY_PARAMS", None)
    forget()
    read_lock.cache_clear()
    with planned() as (workflow, project):
        outputs = [str(job.output[0]) for job in workflow.dag.needrun_jobs() if job.output]
        return outputs, {rule.name: recipe_now(rule, project.params).text() for rule in stage_rules(workflow)}


def settings_changed(stages: list) -> list[str]:
    return [stage.name for stage in stages for dep in stage.deps if isinstance(dep, ParamsDependency) and dep.status()]


def everything_changed() -> list[str]:
    with Repo() as repo:
        return list(repo.status())


if __name__ == "__main__":
    main()
