"""The Snakefile, read by Snakemake itself: its rules, and its jobs with what Snakemake remembers of them.

This is Snakemake's inside, not its interface; requirements.lock pins the version and the tests hold it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.engines.project import Project

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

SNAKEFILE = Path("Snakefile")


@contextmanager
def opened() -> Iterator[tuple["Workflow", Project]]:
    """The Snakefile's rules and the project they were read with, in the working directory."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import OutputSettings, Quietness, ResourceSettings

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(ResourceSettings(cores=1), snakefile=SNAKEFILE)._workflow
        yield workflow, workflow.globals["project"]


@contextmanager
def planned() -> Iterator[tuple["Workflow", Project]]:
    """As `opened`, with the jobs of everything the project names in `workflow.dag.jobs`; nothing is run."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
        described = api.workflow(ResourceSettings(cores=1), snakefile=SNAKEFILE)
        described.dag(DAGSettings(max_checksum_file_size=10**12))
        workflow = described._workflow
        yield workflow, workflow.globals["project"]
