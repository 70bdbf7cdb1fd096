"""The Snakefile, read by Snakemake itself: its rules, and its jobs with what Snakemake remembers of them.

This is Snakemake's inside, not its interface; requirements.lock pins the version and the tests hold it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.engines import hooks
from understudy.engines.project import Project

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

NO_LIMIT = 10**12
SNAKEFILE = Path("Snakefile")


@contextmanager
def opened() -> Iterator[tuple["Workflow", Project]]:
    """The Snakefile's rules and the project they were read with, in the working directory."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

    with hooks.suspended(), SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(ResourceSettings(cores=1), snakefile=SNAKEFILE)._workflow
        yield workflow, workflow.globals["project"]


@contextmanager
def planned() -> Iterator[tuple["Workflow", Project]]:
    """As `opened`, with the jobs of everything the project names in `workflow.dag.jobs`; nothing is run."""
    from snakemake.settings.types import DAGSettings, ExecutionSettings

    with opened() as (workflow, project):
        workflow.dag_settings = DAGSettings(max_checksum_file_size=NO_LIMIT)
        workflow.execution_settings = ExecutionSettings()
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        workflow._build_dag()
        yield workflow, project
