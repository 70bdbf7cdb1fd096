"""Make every artifact of the project in the working directory as a line of text, and tell both engines that it is made.

As if all stages had run, without running them: a thousand stand-ins would take minutes to start.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from understudy.closure import remember
from understudy.engines.commit import commit
from understudy.engines.instances import stage_of, stage_rules
from understudy.engines.project import Project
from understudy.engines.recipes import note_recorded, sound_recipes
from understudy.engines.snakefile import planned

if TYPE_CHECKING:
    from snakemake.jobs import Job
    from snakemake.workflow import Workflow


def main() -> None:
    """Fill the project."""
    with planned() as (workflow, project):
        for level in workflow.dag.toposorted():
            for job in sorted((job for job in level if job.output), key=lambda job: str(job.output)):
                _make(workflow, job)
        remember()
        commit(_stages(workflow, project))
        note_recorded(workflow)


def _make(workflow: "Workflow", job: "Job") -> None:
    for output in map(Path, job.output):
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(f"{output}\n")
    workflow.async_run(workflow.persistence.finished(job))


def _stages(workflow: "Workflow", project: Project) -> list[str]:
    jobs = [job for job in workflow.dag.jobs if job.output]
    recipes = sound_recipes(workflow, project, ran=[rule.name for rule in stage_rules(workflow)])
    return [*recipes, *(stage_of(job.rule.name, job.wildcards_dict, project.nouns) for job in jobs)]


if __name__ == "__main__":
    main()
