"""`python -m understudy.engines.accept`: tell Snakemake of artifacts that DVC fetched or made.

Ends with status 1 when DVC does not vouch for all of them; those Snakemake runs again. `--quiet` says nothing of it.
"""

import sys
from typing import TYPE_CHECKING

from understudy.engines import runs
from understudy.engines.accepting import accept
from understudy.engines.instances import stage_jobs, stage_of
from understudy.engines.project import Project, one_line_errors
from understudy.engines.recording import record, record_recipes
from understudy.engines.snakefile import planned
from understudy.engines.speech import some
from understudy.errors import EngineError

if TYPE_CHECKING:
    from snakemake.workflow import Workflow


def settle() -> list[str]:
    """Record what an interrupted run left owing, accept what DVC brought; the stages that are not as recorded."""
    with planned() as (workflow, project):
        if runs.unrecorded():
            record(workflow, project, set(runs.unrecorded()) & up_to_date(workflow, project))
        record_recipes(workflow, project)
        left = set(accept(workflow, project))
        mine = left & up_to_date(workflow, project)
        return sorted(left - record(workflow, project, mine) if mine else left)


def up_to_date(workflow: "Workflow", project: Project) -> set[str]:
    """The stages that Snakemake would not run."""
    jobs = (job for job in stage_jobs(workflow.dag.jobs) if not workflow.dag.needrun(job))
    return {stage_of(job.rule.name, job.wildcards_dict, project.nouns) for job in jobs}


if __name__ == "__main__":
    with one_line_errors():
        runs.refuse_other()
        changed = settle()
        if "--quiet" not in sys.argv:
            if changed:
                raise EngineError(f"not as dvc.lock records: {some(changed)}; `snakemake` makes them anew")
            print("accepted: every artifact is what dvc.lock says, and Snakemake knows it")
