"""data/clips.json: the clips and people that gathering stages look at; what was made of others is removed."""

import json
from pathlib import Path

from understudy.stage import run

from understudy.dropped import remove_others, tables_of
from understudy.files import replacing
from understudy.params import Nouns, read_nouns


def main(*, clips: Path) -> None:
    """Write the manifest that gathering stages follow, and remove what was made of clips that are no longer in it."""
    nouns = read_nouns()
    remove_dropped(nouns, root=clips.parent)
    with replacing(clips) as temporary:
        temporary.write_text(manifest(nouns), encoding="utf-8")


def manifest(nouns: Nouns) -> str:
    """Clips and people as JSON, sorted; pairs and shots are not in it, so that a new one reruns no analysis."""
    return json.dumps({"clips": nouns.clips, "people": sorted(nouns.people)}, indent=1, sort_keys=True) + "\n"


def remove_dropped(nouns: Nouns, *, root: Path) -> None:
    """Remove the tables of clips, the face sets of people and the pictures of shots that params.yaml no longer names.

    Gathering stages read whole folders for DVC, so that what was dropped must not lie in them. Trained swappers stay.
    """
    swaps = {f"{shot.clip}.{shot.source}-for-{shot.target}" for shot in nouns.shots.values()}
    pictures = swaps | {f"{swap}.comparison" for swap in swaps}
    kept = tables_of(clips=nouns.clips, people=nouns.people)
    remove_others(kept | {"swaps": swaps, "scores": swaps, "shots": pictures}, root=root)


if __name__ == "__main__":
    run(main)
