"""clips: what the project is about, checked, and what was made for clips that are no longer in it removed."""

import json
from pathlib import Path

from understudy.files import replacing
from understudy.params import Nouns, read_nouns
from understudy.stage import run

SOUND = "The clips, people, pairs and shots of params.yaml fit each other and what is on disk.\n"
TABLES_OF_CLIPS = ("frames", "faces", "landmarks", "embeddings")


def main(*, clips: Path, sound: Path) -> None:
    """Write the manifest of clips that gathering stages follow, and a constant file that lets all others begin.

    `sound` never changes: the clips that were there before need nothing done again when one is added.
    """
    nouns = read_nouns()
    remove_dropped(nouns, root=clips.parent)
    write_text(clips, manifest(nouns))
    write_text(sound, SOUND)


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


def write_text(path: Path, text: str) -> None:
    """`text` as a file that replaces `path` whole."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
