"""The bridge from Snakemake to DVC: what Snakemake ran is committed, those stages and no others.

A forced commit believes whatever lies on disk, and DVC's run cache keeps it for ever. So a stage is committed only when
nothing it was made from has changed since it began.
"""

import subprocess
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from understudy.closure import forget
from understudy.engines import runs
from understudy.engines.instances import Instance, instances, stage_rules
from understudy.engines.project import Project, planned_recipes
from understudy.engines.recipes import are_recorded, note_recorded, sound_recipes
from understudy.engines.rendering import refresh
from understudy.engines.trust import Records, doubt, foreign
from understudy.recipes import differences, recipe_of
from understudy.sections import PARAMS, read_params

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

DVC = (sys.executable, "-m", "understudy.engines.safe_dvc")


def record(workflow: "Workflow", project: Project, stages: Iterable[str]) -> set[str]:
    """Commit those of `stages` for DVC that are whole and still true, and return them.

    Says in a line what was left out, and why.
    """
    wanted = set(stages)
    known = [instance for instance in instances(workflow, project.nouns) if instance.stage in wanted]
    reasons = _reasons_against(known, workflow, project)
    sound = [instance for instance in known if instance.stage not in reasons]
    for stage, reason in reasons.items():
        _say(f"{stage} is not recorded for DVC: {reason}")
    names = {instance.stage for instance in sound}
    if sound and not _committed(sound, workflow, project):
        runs.owe(names)
        return set()
    runs.owe([])
    return names


def _reasons_against(known: list[Instance], workflow: "Workflow", project: Project) -> dict[str, str]:
    records = Records()
    edited = _edited(workflow)
    reasons = {instance.stage: doubt(instance, records, since_made=True) for instance in known}
    reasons |= {instance.stage: edited[instance.rule] for instance in known if instance.rule in edited}
    reasons |= {instance.stage: "something else replaced it meanwhile" for instance in foreign(known, records)}
    return {stage: reason for stage, reason in reasons.items() if reason}


def record_recipes(workflow: "Workflow", project: Project) -> None:
    """Commit for DVC the recipes that are true, when what they are made from has changed since they last were."""
    if not are_recorded(workflow):
        _committed([], workflow, project)


def _edited(workflow: "Workflow") -> dict[str, str]:
    """The rules whose recipe is no longer the one this run was planned with, and what is different."""
    forget()
    params = read_params(PARAMS.absolute())
    planned = planned_recipes()
    known = {rule.name: planned[rule.name] for rule in stage_rules(workflow) if rule.name in planned}
    found = {
        name: differences(before, recipe_of(before.scripts, sections=before.settings, params=params))
        for name, before in known.items()
    }
    return {name: f"{different[0]} meanwhile" for name, different in found.items() if different}


def _committed(known: list[Instance], workflow: "Workflow", project: Project) -> bool:
    if refresh(workflow, project):
        _say("dvc.yaml was rendered anew from the Snakefile")
    recipes = sound_recipes(workflow, project, ran={instance.rule for instance in known})
    done = subprocess.run(
        [sys.executable, "-m", "understudy.engines.commit"],
        check=False,
        input="\n".join([*recipes, *(instance.stage for instance in known)]),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        why = " ".join(done.stderr.split()) or f"the commit ended with {done.returncode}"
        _say(f"not recorded for DVC yet, the next run tries again: {why}")
    else:
        note_recorded(workflow)
    return not done.returncode


def _say(line: str) -> None:
    print(f"understudy: {line}", file=sys.stderr)
