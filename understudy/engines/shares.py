"""Shares of a long clip: jobs that make its pieces side by side, before the ordinary rule gathers them.

How many there are changes no artifact, so nothing remembers it: share rules are no stages, DVC never hears of them, and
their markers, which only put the jobs in order, are in no record. A project made with 8 shares is nothing to do with 1.
Frames and shots are not shared: each is one pass through one stream, of a decoder and of an encoder. Of scores watching
the shot is shared, which is most of it, and not the film of the comparison.
"""

import shutil
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.engines.project import Project

if TYPE_CHECKING:
    from snakemake.iocontainers import Wildcards
    from snakemake.jobs import Job
    from snakemake.persistence import PersistenceBase
    from snakemake.workflow import Workflow

MARKERS = Path(".understudy/shares")
CLIP, SHOT = "{clip}", "{clip}.{source}-for-{target}"
THINGS = {"faces": CLIP, "landmarks": CLIP, "embeddings": CLIP, "swaps": SHOT, "scores": SHOT}
RULES = frozenset(f"{stage}_share" for stage in THINGS)
FOOTAGE_BYTES = 100_000_000
"""Footage that is worth a share: a minute or two of camera footage, some minutes of analysis. Crude, for an upper
bound: what a job costs to start is some ten seconds."""


class Shares:
    """How many shares each clip has, `most` at the most."""

    def __init__(self, project: Project, *, most: int) -> None:
        self._numbers = {clip: _number_for(project.footage_files(clip), most=most) for clip in project.nouns.clips}

    @property
    def are_many(self) -> bool:
        """Whether there is a clip with more than one."""
        return any(number > 1 for number in self._numbers.values())

    def of(self, stage: str) -> Callable[["Wildcards"], list[str]]:
        """An input function: the markers of what a rule gathers; none where it does all by itself."""

        def markers(wildcards: "Wildcards") -> list[str]:
            number = self._number(wildcards.clip)
            thing = THINGS[stage].format(**wildcards)
            places = range(1, number + 1) if number > 1 else ()
            return [f"{MARKERS}/{stage}/{thing}.{place}-of-{number}" for place in places]

        return markers

    def keep_out_of_groups(self, workflow: "Workflow") -> None:
        """Make a stage that gathers shares a job of its own: in a group, shares and group would wait for each other."""
        for rule in workflow.rules:
            if rule.name in THINGS:
                rule.expand_group = partial(self._group, rule.expand_group)

    def _group(self, group_of: Callable[[Mapping[str, str]], str | None], wildcards: Mapping[str, str]) -> str | None:
        return group_of(wildcards) if self._number(wildcards["clip"]) == 1 else None

    def _number(self, clip: str) -> int:
        return self._numbers.get(clip, 1)


def leave_out_of_records() -> None:
    """Keep markers out of the inputs that Snakemake remembers of an artifact and compares with those it plans.

    This replaces a method of Snakemake's own; requirements.lock pins its version and the tests hold what it does.
    """
    from snakemake.persistence import PersistenceBase

    if not hasattr(PersistenceBase, "_input_with_markers"):
        PersistenceBase._input_with_markers = PersistenceBase._input
        PersistenceBase._input = lru_cache(_input_without_markers)


def remove_markers() -> None:
    """Forget what a killed run had finished of shares: their pieces, which are still there, say it better.

    Call it only when no other run is at work.
    """
    shutil.rmtree(MARKERS, ignore_errors=True)


def forget_jobs(workflow: "Workflow") -> None:
    """Remove what Snakemake remembers of shares, or an edit of how they are made would later rerun what is made."""
    for job in workflow.dag.jobs:
        if job.rule.name in RULES:
            workflow.persistence.cleanup(job)


def _input_without_markers(persistence: "PersistenceBase", job: "Job") -> list[str]:
    inputs = persistence._input_with_markers(job)
    return [path for path in inputs if not path.startswith(f"{MARKERS}/")]


def _number_for(footage: list[str], *, most: int) -> int:
    total_bytes = sum(Path(file).stat().st_size for file in footage)
    return max(1, min(most, -(-total_bytes // FOOTAGE_BYTES)))
