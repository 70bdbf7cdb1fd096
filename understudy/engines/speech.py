"""What Snakemake says while it runs: the stages' own lines, how far it is, and what went wrong, once.

Its log below .snakemake/log keeps everything; so do --dry-run, --verbose and --printshellcmds.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.workflow import Workflow

SHOWN = "DefaultStreamHandler"
NOTHING = "Nothing to be done"
SAID_BY_THE_STAGE = (
    "RuleException",
    "WorkflowError:\nAt least one job did not complete successfully",
    "Exiting because",
)


class Speech(logging.Filter):
    """Lets through progress, warnings and errors; remembers the logs of jobs that failed."""

    def __init__(self) -> None:
        super().__init__()
        self.failed: list[Path] = []

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is worth showing."""
        event = getattr(getattr(record, "event", None), "name", "")
        if event == "JOB_ERROR":
            self.failed += [Path(log) for log in getattr(record, "log", None) or []]
            return False
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            return not text.strip().startswith(SAID_BY_THE_STAGE)
        return event == "PROGRESS" or text.startswith(NOTHING)

    def last_words(self) -> list[str]:
        """The last line of each failed job's log."""
        found = {log: log.read_text(errors="replace").strip().splitlines() for log in self.failed if log.is_file()}
        return [f"{lines[-1]} ({log})" if lines else f"nothing was said ({log})" for log, lines in found.items()]


def soften(workflow: "Workflow") -> Speech:
    """Show less of what Snakemake says, unless it was asked for more."""
    speech = Speech()
    manager = workflow.logger_manager
    if not (manager.settings.verbose or manager.settings.dryrun or manager.settings.printshellcmds):
        for handler in manager.logger.handlers:
            if handler.name == SHOWN:
                handler.addFilter(speech)
    return speech
