"""Early cut-off: a stage that was planned because one above it ran does not run when that made the same bytes again.

Snakemake plans everything below a job that will run, and asks no more. Here each job is asked again once all above it
have ended: when its own record still holds and its inputs are, by content, the recorded ones, it counts as done.
This is Snakemake's inside, not its interface; requirements.lock pins the version and the tests hold it.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.files import sha256_of

if TYPE_CHECKING:
    from snakemake.jobs import Job
    from snakemake.workflow import Workflow


class CutOff:
    """Watches the jobs of a run end, and spares those below that are as they were.

    spared  the jobs that did not have to run
    """

    def __init__(self, workflow: "Workflow") -> None:
        self._workflow = workflow
        self._dag = workflow.dag
        self._end = workflow.dag.finish
        self.spared: list[Job] = []
        workflow.dag.finish = self.finish

    async def finish(self, job: "Job", update_checkpoint_dependencies: bool = True) -> bool:
        """What DAG.finish does, and the same for every job below that need not run; whether others may start now."""
        below = self._below(job)
        more: bool = await self._end(job, update_checkpoint_dependencies=update_checkpoint_dependencies)
        for candidate in below:
            if candidate in self._dag.ready_jobs and self._is_as_it_was(candidate):
                self._dag.register_running({candidate})
                await self._renew(candidate)
                more = await self.finish(candidate, update_checkpoint_dependencies) or more
        return more

    def say(self) -> None:
        """One line about the jobs that were spared."""
        if self.spared:
            number = len(self.spared)
            print(f"understudy: {number} planned stages did not run: all they depend on is as it was", file=sys.stderr)

    def _below(self, job: "Job") -> list["Job"]:
        jobs = list(job) if job.is_group() else [job]
        found = {below for each in jobs for below in self._dag.depending[each] if self._dag.needrun(below)}
        return sorted(found, key=lambda each: str(each.output))

    def _is_as_it_was(self, job: "Job") -> bool:
        dag, persistence = self._dag, self._workflow.persistence
        forced = job.rule in dag.forcerules or not dag.forcefiles.isdisjoint(job.output)
        if job.is_group() or job.rule.norun or forced or not all(Path(output).exists() for output in job.output):
            return False
        if not persistence.has_metadata(job) or persistence.has_outdated_metadata(job):
            return False
        changed = (persistence.input_changed(job), persistence.code_changed(job))
        if persistence.params_changed(job) or any(any(each) for each in changed):
            return False
        return all(self._is_recorded(job, str(path)) for path in job.input)

    def _is_recorded(self, job: "Job", path: str) -> bool:
        recorded = self._workflow.persistence.input_checksums(job, path)
        return recorded == {f"sha256:{sha256_of(Path(path))}"}

    async def _renew(self, job: "Job") -> None:
        """Let the next run see at a glance that the outputs are newer than the inputs."""
        for output in job.output:
            os.utime(output)
            self._workflow.persistence.cleanup_metadata(output)
        await self._workflow.persistence.finished(job)
        self.spared.append(job)
