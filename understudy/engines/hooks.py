"""What the Snakefile calls: when it has been read, when jobs start, and when they have ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from snakemake.shell import shell

from understudy.closure import remember
from understudy.engines import remote, runs, shares
from understudy.engines.cutoff import CutOff
from understudy.engines.instances import Instance, instances, recipe_now, stage_jobs, stage_of, stage_rules
from understudy.engines.leftovers import remove_leftovers
from understudy.engines.project import Project, hold_plan, one_line_errors
from understudy.engines.recipes import are_recorded, is_lock_known
from understudy.engines.recording import record
from understudy.engines.speech import Speech, soften
from understudy.engines.stopping import pass_on_sigterm
from understudy.engines.trust import STORE, Records, doubt, foreign
from understudy.errors import EngineError

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

# A signal to all processes of a job reaches its shell, the stage and the one that writes its log. The stage ends in
# order; the shell waits for it, and its log is written to the end.
AROUND_A_COMMAND = """set -euo pipefail; trap 'exit 143' TERM; trap 'exit 130' INT; \
tee() {{ trap '' INT TERM; command tee "$@"; }}; """

_suspended: list[bool] = []
_speech: list[Speech] = []
_cutoffs: list[CutOff] = []


@contextmanager
def suspended() -> Iterator[None]:
    """Read the Snakefile without settling anything."""
    _suspended.append(True)
    try:
        yield
    finally:
        _suspended.pop()


def after_reading(workflow: "Workflow", project: Project) -> None:
    """Make Snakemake's memory true before it plans, so that it cannot skip wrongly.

    Raises EngineError when another run is at work.
    """
    shell.prefix(AROUND_A_COMMAND)
    shares.leave_out_of_records()
    if _suspended:
        return
    hold_plan({rule.name: recipe_now(rule, project.params) for rule in stage_rules(workflow)})
    remember()
    if not workflow.is_main_process:
        return
    _speech.append(soften(workflow))
    is_dry = workflow.logger_manager.settings.dryrun
    if is_dry and runs.other_run():
        return
    if not is_dry:
        runs.hold()
        remove_leftovers()
    runs.remove_stale_locks()
    shares.remove_markers()
    _check_store(workflow)
    records = Records()
    known = instances(workflow, project.nouns)
    unknown = foreign(known, records)
    if unknown or runs.unrecorded() or not (is_lock_known() if is_dry else are_recorded(workflow)):
        _settle()
    settled = {instance.stage for instance in unknown}
    for instance in known:
        if instance.stage not in settled:
            _distrust_if_doubtful(instance, records)


def on_start(workflow: "Workflow", project: Project) -> None:
    """Note which stages will be owed to DVC, watch the jobs end, and let a signal to end reach them."""
    if workflow.is_main_process:
        pass_on_sigterm()
    with one_line_errors():
        remote.prepare(workflow)
    _cutoffs.append(CutOff(workflow))
    jobs = stage_jobs(workflow.dag.needrun_jobs())
    runs.owe([*runs.unrecorded(), *(stage_of(job.rule.name, job.wildcards_dict, project.nouns) for job in jobs)])


def on_end(workflow: "Workflow", project: Project) -> None:
    """Record for DVC what ran, and say again what went wrong, last."""
    remote.ended()
    for cutoff in _cutoffs:
        cutoff.say()
    _record_what_ran(workflow, project)
    shares.forget_jobs(workflow)
    for speech in _speech:
        for words in speech.last_words():
            print(f"failed: {words}", file=sys.stderr)


def _record_what_ran(workflow: "Workflow", project: Project) -> None:
    if workflow.touch:
        runs.owe([])
        return
    dag, owed = workflow.dag, set(runs.unrecorded())
    jobs = {stage_of(job.rule.name, job.wildcards_dict, project.nouns): job for job in stage_jobs(dag.jobs)}
    made = [stage for stage, job in jobs.items() if dag.finished(job) or (stage in owed and not dag.needrun(job))]
    with one_line_errors():
        record(workflow, project, made)


def _settle() -> None:
    """In a process of its own: it reads the Snakefile again to plan its jobs."""
    environment = os.environ | {runs.HELD_BY: str(os.getpid())}
    command = [sys.executable, "-m", "understudy.engines.accept", "--quiet"]
    done = subprocess.run(command, check=False, env=environment)
    if done.returncode:
        raise EngineError("what DVC made could not be told to Snakemake; see above")


def _distrust_if_doubtful(instance: Instance, records: Records) -> None:
    if any(Path(output).exists() for output in instance.outputs):
        reason = doubt(instance, records)
        if reason:
            for output in instance.outputs:
                records.distrust(output, reason)


def _check_store(workflow: "Workflow") -> None:
    backend = workflow.workflow_settings.persistence_backend
    if getattr(backend, "name", str(backend)).lower() != "file":
        raise EngineError(f"Snakemake's records must lie in {STORE}/; leave --persistence-backend away")
