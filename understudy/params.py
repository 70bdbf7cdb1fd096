"""The nouns of params.yaml (clips, people, pairs, shots) and the one way to read a stage's section."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from understudy.errors import SettingsError
from understudy.sections import PARAMS, read_params

NAME = re.compile(r"[a-z0-9_]+")
CHOSEN_BY_NAME = {kind: Path(__file__).with_name(f"{kind}s") for kind in ("model", "optimizer")}
FOOTAGE_ROOT = "data/raw/"


class Settings(BaseModel):
    """Base of every section's settings: frozen, refusing unknown keys and non-finite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Pair(Settings):
    """One swapper: whose likeness is painted over whose performance."""

    source: str
    target: str


class Shot(Settings):
    """One finished shot: on which clip, whose likeness, in whose place."""

    clip: str
    source: str
    target: str


class Nouns(Settings):
    """What the project is about; names match [a-z0-9_]+."""

    clips: dict[str, str]
    """Footage by name: a video file or a folder of stills below data/raw/."""
    people: list[str]
    """Whose face sets are curated; each has a record people/{name}.yaml."""
    pairs: dict[str, Pair]
    """One swapper each, named {source}-{target}."""
    shots: dict[str, Shot]
    """What is to be made."""
    production: str | None = None
    """What all of it is for; consent records say which productions they cover, and none is covered without a name."""


Section = TypeVar("Section", bound=Settings)


def read_nouns(path: Path = PARAMS) -> Nouns:
    """The project's clips, people, pairs and shots, checked against each other and against the disk.

    Raises SettingsError for the first mistake: a bad name, an unknown person, a shot without its pair, footage or a
    record that is not there.
    """
    params = read_params(path)
    values = {name: params.get(name) or type(empty)() for name, empty in _EMPTY.items()}
    nouns = parse_section(Nouns, values | {"production": params.get("production")}, where=str(path))
    for problem in [*_problems(nouns, root=path.parent), *_bad_choices(params)]:
        raise SettingsError(f"{path}: {problem}")
    return nouns


def read_section(section: type[Section], name: str, path: Path = PARAMS) -> Section:
    """The settings of one section of params.yaml; `name` may be dotted ("models.driven").

    Raises SettingsError naming the key, what was found and what was expected.
    """
    values: object = read_params(path)
    for key in name.split("."):
        if not isinstance(values, Mapping) or key not in values:
            raise SettingsError(f"{path}: section {name} is missing; `git checkout {path}` shows how it should look")
        values = values[key]
    return parse_section(section, values, where=f"{path}: {name}")


def parse_section(section: type[Section], values: object, *, where: str) -> Section:
    """`values` as settings of type `section`; `where` opens the error message."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_one_line(error, section, where)) from error


_EMPTY: dict[str, dict[str, object] | list[object]] = {"clips": {}, "people": [], "pairs": {}, "shots": {}}


def _problems(nouns: Nouns, *, root: Path) -> list[str]:
    return [
        *_bad_names(nouns),
        *_bad_footage(nouns, root),
        *_bad_people(nouns, root),
        *_bad_pairs(nouns),
        *_bad_shots(nouns),
    ]


def _bad_names(nouns: Nouns) -> list[str]:
    named = {"clips": nouns.clips, "people": nouns.people, "shots": nouns.shots}
    rule = "names are made of a-z, 0-9 and _"
    return [f"{noun}: {name!r}: {rule}" for noun, names in named.items() for name in names if not NAME.fullmatch(name)]


def _bad_footage(nouns: Nouns, root: Path) -> list[str]:
    problems = []
    for clip, footage in nouns.clips.items():
        if not footage.startswith(FOOTAGE_ROOT) or ".." in PurePosixPath(footage).parts:
            problems.append(f"clips.{clip}: {footage!r} is not below {FOOTAGE_ROOT}; put the footage there")
        elif not (root / footage).exists():
            problems.append(f"clips.{clip}: no footage at {footage}; put it there or take {clip} out of clips")
    return problems


def _bad_people(nouns: Nouns, root: Path) -> list[str]:
    twice = [f"people: {name} is listed twice" for name in nouns.people if nouns.people.count(name) > 1]
    missing = [name for name in nouns.people if not (root / "people" / f"{name}.yaml").is_file()]
    return twice + [f"people: {name}: no consent record people/{name}.yaml; see README, Consent" for name in missing]


def _bad_pairs(nouns: Nouns) -> list[str]:
    problems = []
    for name, pair in nouns.pairs.items():
        problems += [_unknown(f"pairs.{name}", person, nouns) for person in (pair.source, pair.target)]
        if name != f"{pair.source}-{pair.target}":
            problems.append(f"pairs.{name}: its name must be {pair.source}-{pair.target} (source-target)")
    return [problem for problem in problems if problem]


def _bad_shots(nouns: Nouns) -> list[str]:
    problems = []
    for name, shot in nouns.shots.items():
        where = f"shots.{name}"
        problems += [_unknown(where, person, nouns) for person in (shot.source, shot.target)]
        if shot.clip not in nouns.clips:
            problems.append(f"{where}: no clip {shot.clip!r}. Known: {', '.join(nouns.clips)}")
        if f"{shot.source}-{shot.target}" not in nouns.pairs:
            problems.append(f"{where}: no pair {shot.source}-{shot.target}; add it to pairs")
    return [problem for problem in problems if problem]


def _bad_choices(params: Mapping[str, object]) -> list[str]:
    swapper = params.get("swapper")
    problems = []
    for kind, folder in CHOSEN_BY_NAME.items():
        chosen = swapper.get(kind) if isinstance(swapper, Mapping) else None
        available = sorted(file.stem for file in folder.glob("[!_]*.py"))
        if chosen is not None and chosen not in available:
            problems.append(f"swapper.{kind}: no {kind} {chosen!r}. Available: {', '.join(available)}")
    return problems


def _unknown(where: str, person: str, nouns: Nouns) -> str:
    known = person in nouns.people
    return "" if known else f"{where}: no person {person!r} among people ({', '.join(nouns.people)})"


def _one_line(error: ValidationError, section: type[BaseModel], where: str) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    place = f"{where}.{key}" if key and ": " in where else f"{where}: {key}" if key else where
    if first["type"] == "extra_forbidden":
        return f"{place}: no such parameter. Available: {', '.join(sorted(section.model_fields))}"
    if first["type"] == "missing":
        return f"{place}: missing; docs/params.md says what it is for"
    return f"{place}: {first['msg']}, found {first['input']!r}; docs/params.md says what is expected"
