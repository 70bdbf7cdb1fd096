"""data/clips.json: the clips and people that gathering stages look at; what was made of others is removed."""

import json
from pathlib import Path

from understudy.stage import run

from understudy.files import replacing
from understudy.params import Nouns, read_nouns

TABLES_OF_CLIPS = ("frames", "faces", "landmarks", "embeddings")


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
    kept = {table: set(nouns.clips) for table in TABLES_OF_CLIPS}
    kept |= {"crops": set(nouns.people), "swaps": swaps, "scores": swaps}
    kept["shots"] = swaps | {f"{swap}.comparison" for swap in swaps}
    for folder, names in kept.items():
        for file in sorted((root / folder).glob("[!.]*")):
            if file.is_file() and file.stem not in names:
                file.unlink()


if __name__ == "__main__":
    run(main)
