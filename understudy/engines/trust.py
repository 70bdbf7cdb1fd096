"""Whether what Snakemake remembers of an artifact is true of the file that lies there.

Snakemake compares parameters and code with its record of an output, but never asks whether that record belongs to the
file: DVC may have put another in its place, or an input may have been exchanged for an older file, or edited while the
job ran. Each of these would let it skip a job wrongly. Here a record counts only when the output is the very file
that was recorded, and no input was touched since the job began, unless its content is still the recorded one, or the
same submission made it: stages that are grouped on a cluster begin together.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.engines.instances import Instance
from understudy.files import sha256_of

if TYPE_CHECKING:
    from snakemake.persistence import MetadataRecord

STORE = Path(".snakemake")


class Records:
    """What Snakemake remembers of outputs, in its own store."""

    def __init__(self) -> None:
        from snakemake.persistence.file import FilePersistence

        self._store = FilePersistence(nolock=True, path=STORE.absolute())

    def read(self, output: str) -> "MetadataRecord | None":
        """Snakemake's record of an output, or None."""
        return self._store._read_record(output)

    def distrust(self, output: str, reason: str) -> None:
        """Make Snakemake run the job of `output` again: its recorded parameters become `reason`."""
        record = self._store._read_record(output)
        if record is None:
            from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord

            record = MetadataRecord(record_format_version=RECORD_FORMAT_VERSION, starttime=0, endtime=0)
        record.params = [repr(reason)]
        self._store._clear_cache()
        self._store._write_record(output, record)


def foreign(instances: Iterable[Instance], records: Records) -> list[Instance]:
    """The stages with an output that something other than Snakemake put there; those without any output are not."""
    return [instance for instance in instances if any(_is_foreign(output, records) for output in instance.outputs)]


def doubt(instance: Instance, records: Records, *, since_made: bool = False) -> str | None:
    """Why the record of a stage that Snakemake ran does not hold, or None.

    Inputs that are newer than the outputs are left to Snakemake, which compares their content itself, unless
    `since_made` asks whether anything at all has changed since.
    """
    for output in instance.outputs:
        record = records.read(output)
        if record is None or not Path(output).exists():
            return f"{output} is not there"
        recorded = {name: str(value).removeprefix("sha256:") for name, value in (record.input_checksums or {}).items()}
        for path in record.input or []:
            reason = _input_doubt(path, recorded.get(path), record=record, since_made=since_made)
            if reason and not _made_together(path, record, records):
                return reason
    return None


def _is_foreign(output: str, records: Records) -> bool:
    try:
        modified = os.lstat(output).st_mtime
    except FileNotFoundError:
        return False
    record = records.read(output)
    return record is None or record.endtime != modified


def _made_together(path: str, record: "MetadataRecord", records: Records) -> bool:
    made = records.read(path)
    return made is not None and made.starttime == record.starttime and not _is_foreign(path, records)


def _input_doubt(path: str, recorded: str | None, *, record: "MetadataRecord", since_made: bool) -> str | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return f"{path} is gone" if since_made else None
    began, ended = record.starttime or 0.0, record.endtime or 0.0
    if found.st_ctime <= began:
        return None
    if found.st_ctime <= ended:
        return f"{path} was changed while it was read"
    if found.st_mtime > ended and not since_made:
        return None
    return None if recorded == sha256_of(Path(path)) else f"{path} was replaced"
