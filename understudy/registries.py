"""The files that a stage loads by name: which keys of params.yaml name one, and which they name now.

A recipe follows what settings name as it follows imports. A name is a string; a map below such a key is just a map. One
without a file is listed all the same: who loads it says that it is missing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from understudy.sections import section_of

PACKAGE = Path("understudy")
NAMED_BY = {"landmarks.backend": "analysers", "swapper.model": "models"}  # the folder of what this one key names
PARTS = {"optimizer": "optimizers", "loss": "losses", "augmentation": "augmentations", "critic": "critics"}
OF_PARTS = {"swapper"}  # sections in which the keys of PARTS count, in lists and maps too, as in those of WITH_SECTIONS
WITH_SECTIONS = {"models"}  # folders whose files have sections of their own: models.driven
LOADED = {"analysers": "*_68.py"}  # which files of a folder are loaded by name, where not all are


def followed(params: Mapping[str, object], sections: Iterable[str]) -> tuple[list[str], list[str]]:
    """The sections with those of the files they name ("models.driven"), and the files that any of these name."""
    found: list[str] = []
    files: set[str] = set()
    waiting = list(sections)
    while waiting:
        section = waiting.pop(0)
        if section not in found:
            found.append(section)
            keys = _keys_in(section)
            files.update(named_by(params, keys), parts_in(section_of(params, section)) if _has_parts(section) else ())
            waiting += [f"{NAMED_BY[key]}.{section_of(params, key)}" for key in keys if NAMED_BY[key] in WITH_SECTIONS]
    return found, sorted(files)


def named_by(params: Mapping[str, object], keys: Iterable[str]) -> list[str]:
    """The files that single keys name ("swapper.model"), without what stands in their own sections."""
    names = [(NAMED_BY[key], section_of(params, key)) for key in keys]
    return [_file(folder, name) for folder, name in names if isinstance(name, str)]


def parts_in(value: object) -> Iterator[str]:
    """The files that the keys of PARTS name anywhere in a value, at any depth of lists and maps."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in PARTS and isinstance(inner, str):
                yield _file(PARTS[key], inner)
            yield from parts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts_in(inner)


def own_sections(sections: Iterable[str]) -> list[str]:
    """The sections of the files that these name, as DVC is to find them: ["models.${swapper.model}"]."""
    return [f"{NAMED_BY[key]}.${{{key}}}" for key in _keys_in(*sections) if NAMED_BY[key] in WITH_SECTIONS]


def nameable(sections: Collection[str], keys: Iterable[str]) -> list[str]:
    """All files that these sections and single keys may name, whatever they name now; sorted."""
    folders = {NAMED_BY[key] for key in [*keys, *_keys_in(*sections)]}
    return _files_in(folders.union(PARTS.values() if OF_PARTS.intersection(sections) else ()))


def members() -> list[str]:
    """All files that any stage may load by name, sorted."""
    return _files_in({*NAMED_BY.values(), *PARTS.values()})


def _keys_in(*sections: str) -> list[str]:
    return [key for key in NAMED_BY if key.rpartition(".")[0] in sections]


def _has_parts(section: str) -> bool:
    return section in OF_PARTS or section.partition(".")[0] in WITH_SECTIONS


def _files_in(folders: Iterable[str]) -> list[str]:
    files = (file for folder in folders for file in (PACKAGE / folder).glob(LOADED.get(folder, "[!_]*.py")))
    return sorted(file.as_posix() for file in files)


def _file(folder: str, name: str) -> str:
    return (PACKAGE / folder / f"{name}.py").as_posix()
