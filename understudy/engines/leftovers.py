"""Tables of clips and people that are no longer named, where stage clips has no reason to run and remove them."""

import json
from contextlib import suppress
from pathlib import Path

from understudy.dropped import remove_others, tables_of
from understudy.errors import SettingsError
from understudy.sections import read_params

DATA = Path("data")
MANIFEST = DATA / "clips.json"


def remove_leftovers() -> None:
    """Remove the tables of others than params.yaml names, if the manifest is already the one stage clips would write.

    With an older commit DVC brings its manifest back, but leaves what it did not put there itself. Stages that gather
    a whole folder would count as changed, and run.
    """
    with suppress(SettingsError, FileNotFoundError, ValueError, KeyError, TypeError):  # each stage says so itself
        params, manifest = read_params(), json.loads(MANIFEST.read_text(encoding="utf-8"))
        people = params["people"]
        if isinstance(people, list) and manifest == {"clips": params["clips"], "people": sorted(people)}:
            remove_others(tables_of(clips=manifest["clips"], people=people), root=DATA)
