"""What Snakemake says while it runs: the stages' own lines, how far it is, and what went wrong, once.

Its log below .snakemake/log keeps everything; so do --dry-run, --verbose and --printshellcmds.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

SHOWN = "DefaultStreamHandler"
LISTED = 3
NOTHING = "Nothing to be done"
SAID_BY_THE_STAGE = (
    "RuleException",
    "WorkflowError:\nAt least one job did not complete successfully",
    "Exiting because",
)
GUESSING = ("No SLURM account given", "No account was given", "Unable to guess SLURM account")


@dataclass(frozen=True)
class Failure:
    """What is known of a job that failed: the logs of its stage and of its cluster, and what the cluster says of it."""

    logs: tuple[Path, ...]
    message: str

    def words(self) -> Iterator[str]:
        """What the cluster says, and after it the last line of the stage's own log."""
        said = [(log, _last_line(log)) for log in self.logs if log.is_file()]
        if self.message:
            yield f"{self.message} ({self.logs[-1] if self.logs else 'no log'})"
        yield from [f"{line or 'nothing was said'} ({log})" for log, line in said[:1] if line or not self.message]


class Speech(logging.Filter):
    """Lets through progress, warnings and errors; remembers the jobs that failed and were not made good."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: dict[object, Failure] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is worth showing."""
        event = getattr(getattr(record, "event", None), "name", "")
        if event == "JOB_ERROR":
            logs = tuple(Path(log) for log in getattr(record, "log", None) or [])
            message = (getattr(record, "rule_msg", None) or "").partition(". ")[0]
            self.failed[record.__dict__.get("jobid")] = Failure(logs, message)
            return False
        if event == "JOB_FINISHED":
            self.failed.pop(record.__dict__.get("job_id"), None)
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            return not text.strip().startswith((*SAID_BY_THE_STAGE, *GUESSING))
        return event == "PROGRESS" or text.startswith(NOTHING)

    def last_words(self) -> list[str]:
        """What there is to say of each job that failed, the stage's own line last."""
        return [words for failure in self.failed.values() for words in failure.words()]


def some(items: Sequence[str]) -> str:
    """The first few of the items, and how many more there are."""
    more = f" and {len(items) - LISTED} more" if len(items) > LISTED else ""
    return ", ".join(items[:LISTED]) + more


def soften(workflow: "Workflow") -> Speech:
    """Show less of what Snakemake says, unless it was asked for more."""
    speech = Speech()
    manager = workflow.logger_manager
    if not (manager.settings.verbose or manager.settings.dryrun or manager.settings.printshellcmds):
        for handler in manager.logger.handlers:
            if handler.name == SHOWN:
                handler.addFilter(speech)
    return speech


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
