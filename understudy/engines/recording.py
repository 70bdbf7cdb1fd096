"""The bridge from Snakemake to DVC: what Snakemake ran is committed, those stages and no others.

A forced commit believes whatever lies on disk, and DVC's run cache keeps it for ever. So a stage is committed only when
nothing it was made from has changed since it began.
"""

import subprocess
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from understudy.engines import runs
from understudy.engines.instances import Instance, instances, stage_rules
from understudy.engines.project import Project
from understudy.engines.rendering import LONG_NAMES, refresh
from understudy.engines.trust import Records, doubt, foreign
from understudy.params import PARAMS, read_params

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

DVC = (sys.executable, "-m", "dvc")


def record(workflow: "Workflow", project: Project, stages: Iterable[str]) -> None:
    """Commit those of `stages` for DVC that are whole and still true; says in a line what was left out, and why."""
    wanted = set(stages)
    known = [instance for instance in instances(workflow, project.nouns) if instance.stage in wanted]
    reasons = _reasons_against(known, workflow, project)
    sound = [instance.stage for instance in known if instance.stage not in reasons]
    for stage, reason in reasons.items():
        _say(f"{stage} is not recorded for DVC: {reason}")
    if sound and not _committed(sound, workflow, project):
        runs.owe(sound)
    else:
        runs.owe([])


def _reasons_against(known: list[Instance], workflow: "Workflow", project: Project) -> dict[str, str]:
    records = Records()
    edited = _edited_sections(workflow, project)
    reasons = {instance.stage: doubt(instance, records, since_made=True) for instance in known}
    reasons |= {i.stage: f"{edited[i.rule]} of params.yaml was edited meanwhile" for i in known if i.rule in edited}
    reasons |= {instance.stage: "something else replaced it meanwhile" for instance in foreign(known, records)}
    return {stage: reason for stage, reason in reasons.items() if reason}


def _edited_sections(workflow: "Workflow", project: Project) -> dict[str, str]:
    """The rules of which a parameter in params.yaml is no longer what this run was planned with, and that parameter."""
    now = Project(nouns=project.nouns, params=read_params(PARAMS.absolute()))
    edited = {}
    for rule in stage_rules(workflow):
        for name, value in rule.params.items():
            keys = [f"models.{model}" for model in value] if name == "models" else [LONG_NAMES.get(name, name)]
            if keys[0].partition(".")[0] in project.params and any(
                now.section(key) != project.section(key) for key in keys
            ):
                edited[rule.name] = name
    return edited


def _committed(stages: list[str], workflow: "Workflow", project: Project) -> bool:
    if refresh(workflow, project):
        _say("dvc.yaml was rendered anew from the Snakefile")
    done = subprocess.run(
        [*DVC, "commit", "--quiet", "--force", "--no-relink", *stages], check=False, capture_output=True, text=True
    )
    if done.returncode:
        why = " ".join(done.stderr.split()) or f"dvc commit ended with {done.returncode}"
        _say(f"not recorded for DVC yet, the next run tries again: {why}")
    return not done.returncode


def _say(line: str) -> None:
    print(f"understudy: {line}", file=sys.stderr)
