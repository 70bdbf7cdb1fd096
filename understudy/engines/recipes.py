"""The recipe files, and whether DVC has recorded them as they are.

DVC looks at whole files of code. An edit that changes no recipe (a comment, a model that is not chosen) makes it say
that the recipe's stage has changed, though nothing made with it has; Snakemake records such stages anew when it runs.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.closure import closure
from understudy.engines.instances import loads_of, recipe_now, sections_of, stage_rules
from understudy.engines.project import Project, script_of
from understudy.files import replacing, sha256_of
from understudy.libraries import LOCK
from understudy.recipes import FOLDER
from understudy.registries import members
from understudy.stage_recipes import write_recipe

if TYPE_CHECKING:
    from snakemake.rules import Rule
    from snakemake.workflow import Workflow

PREFIX = "recipe-"
RECORDED = Path(".understudy/recorded")
DVC_LOCK = Path("dvc.lock")


def file_of(stage: str) -> Path:
    """Where the recipe of a stage lies."""
    return FOLDER / f"{stage}.json"


def stage_name(stage: str) -> str:
    """What DVC calls the stage that writes a stage's recipe."""
    return f"{PREFIX}{stage}"


def sound_recipes(workflow: "Workflow", project: Project, *, ran: Collection[str]) -> list[str]:
    """The DVC stages of all recipes whose files are true now; those of the rules that just `ran` are written first."""
    rules = stage_rules(workflow)
    for rule in rules:
        if rule.name in ran:
            sections, loads = sections_of(rule), loads_of(rule)
            write_recipe(script_of(rule.name), sections=sections, loads=loads, recipe=file_of(rule.name))
    return [stage_name(rule.name) for rule in rules if is_true(rule, project)]


def is_true(rule: "Rule", project: Project) -> bool:
    """Whether the recipe file of a rule's stage says with what it would be made now."""
    path = file_of(rule.name)
    return path.is_file() and path.read_text(encoding="utf-8") == recipe_now(rule, project.params).text()


def are_recorded(workflow: "Workflow") -> bool:
    """Whether nothing that DVC knows recipes by has changed since they were last recorded; costs milliseconds."""
    return _noted()[:1] == [_seen(workflow)]


def is_lock_known() -> bool:
    """Whether neither DVC nor Git has changed dvc.lock since recipes were last recorded, if they ever were."""
    return _noted()[1:] in ([], [_digest(DVC_LOCK)])


def note_recorded(workflow: "Workflow") -> None:
    """Remember that the recipes are recorded as they are."""
    with replacing(RECORDED) as temporary:
        temporary.write_text(f"{_seen(workflow)}\n{_digest(DVC_LOCK)}\n", encoding="utf-8")


def _noted() -> list[str]:
    return RECORDED.read_text(encoding="utf-8").split() if RECORDED.is_file() else []


def _seen(workflow: "Workflow") -> str:
    scripts = [*(script_of(rule.name) for rule in stage_rules(workflow)), *members()]
    recipes = sorted(path.as_posix() for path in FOLDER.glob("*.json"))
    digest = hashlib.sha256()
    for path in [*closure(*scripts), *recipes, LOCK.as_posix(), DVC_LOCK.as_posix()]:
        digest.update(f"{path} {_digest(Path(path))}\n".encode())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else "none"
