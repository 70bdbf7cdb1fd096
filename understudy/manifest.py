"""data/clips.json: which clips and people the gathering stages look at."""

import json
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import TableError


@dataclass(frozen=True)
class Manifest:
    """The project's clips and people by name, sorted."""

    clips: tuple[str, ...]
    people: tuple[str, ...]


def read_manifest(path: Path) -> Manifest:
    """The manifest that stage clips wrote. Raises TableError when it is missing or is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(tuple(sorted(content["clips"])), tuple(sorted(content["people"])))
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such manifest; run stage clips") from error
    except (ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path}: not a manifest of clips and people; run stage clips again") from error
