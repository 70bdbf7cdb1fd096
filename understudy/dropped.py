"""What was made of clips and people that are no longer named must not lie in folders that are read as a whole."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

TABLES_OF_CLIPS = ("frames", "faces", "landmarks", "embeddings")


def tables_of(*, clips: Iterable[str], people: Iterable[str]) -> dict[str, set[str]]:
    """The folders below data/ that hold a table a clip or a person, and for which of them."""
    return {table: set(clips) for table in TABLES_OF_CLIPS} | {"crops": set(people)}


def remove_others(kept: Mapping[str, Collection[str]], *, root: Path) -> None:
    """Remove the files in these folders below `root` whose names, without their suffix, are not among those to keep."""
    for folder, names in kept.items():
        for file in sorted((root / folder).glob("[!.]*")):
            if file.is_file() and file.stem not in names:
                file.unlink()
