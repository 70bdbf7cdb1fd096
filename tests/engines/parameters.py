"""An edit of every parameter of params.yaml, to another value that its settings allow, and the stages that read it."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import get_args

from understudy.stage import SECTIONS

from understudy.errors import SettingsError
from understudy.model import available
from understudy.params import Settings, parse_section

NOUNS = ("production", "clips", "people", "pairs", "shots")
MORE_READERS = {  # by hand: what a stage reads besides its own section
    "swapper.model": {"nouns", "swaps"},
    "swapper.optimizer": {"nouns"},
    "landmarks.backend": {"identities", "scores"},
}
ANY = (*available(), 1, 2, 3, 0.5, 0.25, 0.1, 0.01, 50, 99, "24")


def parameters(values: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every parameter by its dotted name, and its value; a list is one."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from parameters(value, f"{path}.{key}" if path else key)
    else:
        yield path, values


def readers(path: str, *, model: str) -> set[str]:
    """The stages that read a parameter of a section."""
    section, _, rest = path.partition(".")
    stage_of = {section: stage for stage, section in SECTIONS.items()}
    if section == "models":
        return {"swapper"} if rest.partition(".")[0] == model else set()
    return {stage_of.get(section, section)} | MORE_READERS.get(path, set())


def with_another(params: Mapping, path: str, classes: Mapping[str, type[Settings]]) -> dict:
    """`params` with another allowed value of one parameter; one that allows no other gets a word all the same."""
    *_, section = (name for name in classes if path.startswith(f"{name}."))
    keys = path.split(".")
    for value in _candidates(classes[section], at(params, keys), keys[-1]):
        changed = replaced(params, keys, value)
        if value != at(params, keys) and _is_allowed(changed, section, classes[section]):
            return changed
    if isinstance(at(params, keys), bool):
        return replaced(params, keys, not at(params, keys))  # one that goes with another parameter
    assert isinstance(at(params, keys), str), f"no other value found for {path}"
    return replaced(params, keys, "another")


def replaced(params: Mapping, keys: Sequence[str], value: object) -> dict:
    """`params` with another value."""
    changed = deepcopy(dict(params))
    at(changed, keys[:-1])[keys[-1]] = value
    return changed


def at(values: Mapping, keys: Sequence[str]) -> object:
    """What lies below these keys."""
    for key in keys:
        values = values[key]
    return values


def _candidates(settings: type[Settings], value: object, key: str) -> Iterator[object]:
    field = settings.model_fields.get(key)
    yield from get_args(field.annotation) if field else ()
    if key == "optimizer":
        yield from ("adam", "adamw")
    if isinstance(value, list):
        yield from (value[:-1], [*value, *value[:1]])
    if isinstance(value, int | float):
        yield from (value * 2, value + 1, value / 2, value - 1)
    yield from ANY


def _is_allowed(params: Mapping, section: str, settings: type[Settings]) -> bool:
    try:
        parse_section(settings, at(params, section.split(".")), where=section)
    except SettingsError:
        return False
    return True
