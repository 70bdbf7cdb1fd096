"""The bridge from DVC to Snakemake: artifacts that DVC fetched or made are told to Snakemake, if they are what
dvc.lock says and everything they were made from is too. All others it is made to run again.
"""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.engines.instances import instances, stage_rules
from understudy.engines.project import Project
from understudy.engines.recipes import DVC_LOCK, PREFIX, is_true
from understudy.engines.recorded import md5_of, read_lock
from understudy.engines.recording import DVC
from understudy.engines.rendering import refresh
from understudy.engines.trust import Records, foreign
from understudy.errors import EngineError

if TYPE_CHECKING:
    from snakemake.jobs import Job
    from snakemake.workflow import Workflow

FOREIGN = "made elsewhere, with other settings, inputs or code"
NOT_CACHED = "not in cache"


def accept(workflow: "Workflow", project: Project) -> list[str]:
    """Tell Snakemake of every artifact that DVC vouches for; returns the stages for which it does not.

    Those are artifacts that Snakemake did not make, and such as it made in other circumstances that come to the same.
    The workflow must be planned. Raises EngineError when DVC cannot say.
    """
    refresh(workflow, project)
    known = instances(workflow, project.nouns)
    other = _made_otherwise(workflow, project)
    changed = changed_stages() | {instance.stage for instance in known if instance.rule in other}
    records = Records()
    jobs = {str(output): job for job in workflow.dag.jobs for output in job.output}
    made_by_others = {instance.stage for instance in foreign(known, records)}
    for instance in known:
        job = jobs.get(instance.outputs[0])
        is_foreign = instance.stage in made_by_others
        if job is not None and instance.stage not in changed:
            if is_foreign or workflow.dag.needrun(job):
                _remember(workflow, job)
        elif is_foreign:
            for output in instance.outputs:
                records.distrust(output, FOREIGN)
    return sorted(changed)


def changed_stages() -> set[str]:
    """The stages that are not as dvc.lock records them, but for those that write recipes.

    Raises EngineError when `dvc status` fails.
    """
    done = subprocess.run([*DVC, "status", "--json"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise EngineError(f"dvc status: {' '.join(done.stderr.split()).removeprefix('ERROR: ')}")
    found = {stage.removeprefix("dvc.yaml:"): why for stage, why in json.loads(done.stdout).items()}
    stages = {stage for stage, why in found.items() if matters(why)} | _hidden_changes(set(found))
    return {stage for stage in stages if not stage.startswith(PREFIX)}


def _made_otherwise(workflow: "Workflow", project: Project) -> set[str]:
    """The rules whose recipe file, with which DVC made the artifacts, is not what it would be now."""
    return {rule.name for rule in stage_rules(workflow) if not is_true(rule, project)}


def _hidden_changes(stages: set[str]) -> set[str]:
    """Those of the stages with an artifact that is gone or other than recorded.

    Where the cache has lost an artifact, DVC says so and looks no further.
    """
    if not stages:
        return set()
    text = DVC_LOCK.read_text(encoding="utf-8") if DVC_LOCK.is_file() else "stages: {}"
    made, _ = read_lock(text, where=DVC_LOCK.as_posix())
    recorded = [artifact for artifact in made if artifact.stage in stages]
    return {each.stage for each in recorded if not Path(each.path).exists() or md5_of(Path(each.path)) != each.md5}


def matters(why: Iterable[object]) -> bool:
    """An artifact that only DVC's cache has lost is still what dvc.lock says."""
    return any(
        not (isinstance(reason, dict) and set(reason) == {"changed outs"} and _only_uncached(reason["changed outs"]))
        for reason in why
    )


def _only_uncached(outs: object) -> bool:
    return isinstance(outs, dict) and set(outs.values()) == {NOT_CACHED}


def _remember(workflow: "Workflow", job: "Job") -> None:
    for output in job.output:
        workflow.persistence.cleanup_metadata(output)
    workflow.async_run(workflow.persistence.finished(job))
