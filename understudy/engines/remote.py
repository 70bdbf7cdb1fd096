"""Jobs on other machines: how many processors they may use, when they began, and what a killed run left in Slurm.

Snakemake starts again in each of them, below the same folder. It holds no lock and records nothing, but it removes the
marks from which the main process would read when its jobs began.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.errors import EngineError

if TYPE_CHECKING:
    from snakemake.persistence import PersistenceBase
    from snakemake.workflow import Workflow

SUBMITTED = Path(".understudy/submitted")
ENDS_WITHIN_S = 300
COMMENT = "rule_"  # so begins what Snakemake says of a job; the run itself may be a Slurm job of this folder, too


def prepare(workflow: "Workflow") -> None:
    """End what a killed run left in Slurm, and make a run on a cluster as true as one on this machine.

    Call it when the lock is held and no job has started. Raises EngineError when jobs cannot be ended.
    """
    if SUBMITTED.exists():
        end_strays()
    if workflow.local_exec:
        return
    SUBMITTED.parent.mkdir(parents=True, exist_ok=True)
    SUBMITTED.touch()
    # --cores is what this machine has; a job may ask for more, and has what its own machine gives it
    workflow.resource_settings.cores = workflow.global_resources["_cores"] = sys.maxsize
    _note_beginnings(workflow)


def ended() -> None:
    """Remember that no job of this run is left anywhere."""
    SUBMITTED.unlink(missing_ok=True)


def end_strays() -> None:
    """Cancel the jobs of this folder that are still in Slurm, and wait until they are gone."""
    if not shutil.which("squeue"):
        _say("a run on a cluster was killed; if its jobs are still there, end them before they write here")
        return
    strays = _strays()
    if not strays:
        return
    _say(f"ending what a killed run left in Slurm: {', '.join(sorted(strays))}")
    subprocess.run(["scancel", *sorted(strays)], check=False)
    until = time.monotonic() + ENDS_WITHIN_S
    while strays := _strays():
        if time.monotonic() > until:
            raise EngineError(f"Slurm does not end {', '.join(sorted(strays))}, which a killed run left; see squeue")
        time.sleep(1)


def _strays() -> set[str]:
    listed = subprocess.run(
        ["squeue", "--me", "--noheader", "--format", "%F|%k|%Z"], check=False, capture_output=True, text=True
    )
    if listed.returncode:
        raise EngineError(f"squeue: {' '.join(listed.stderr.split())}")
    here = Path.cwd().resolve()
    jobs = (line.split("|", 2) for line in listed.stdout.splitlines())
    return {job for job, comment, folder in jobs if comment.startswith(COMMENT) and Path(folder).resolve() == here}


def _note_beginnings(workflow: "Workflow") -> None:
    """Let records say that a job began when it was submitted: whatever changed later may have been read or not."""
    persistence: PersistenceBase = workflow.persistence
    run, recorded = workflow.scheduler.run, persistence._get_recorded_starttime
    began: dict[str, float] = {}

    def run_and_note(jobs: Iterable[object], executor: object = None) -> None:
        jobs, now = list(jobs), _now()
        for job in jobs:
            for member in getattr(job, "jobs", [job]):
                began.update({persistence._get_key(output): now for output in member.output})
        run(jobs, executor)

    workflow.scheduler.run = run_and_note
    persistence._get_recorded_starttime = lambda key: began.get(key) or recorded(key)


def _now() -> float:
    """What the project's file system says the time is: the times of files are compared with it."""
    SUBMITTED.touch()
    return SUBMITTED.stat().st_mtime


def _say(line: str) -> None:
    print(f"understudy: {line}", file=sys.stderr)
