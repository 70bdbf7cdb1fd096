"""params.yaml as plain values: the whole file, and its sections by name.

While Snakemake runs, the environment's UNDERSTUDY_PARAMS names the copy of params.yaml it planned with, so that an edit
during a run cannot give a stage other values than Snakemake records for it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from understudy.errors import SettingsError

PARAMS = Path("params.yaml")
PLANNED = "UNDERSTUDY_PARAMS"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where it is there


def read_params(path: Path = PARAMS) -> Mapping[str, object]:
    """The whole of params.yaml as plain values.

    Raises SettingsError when the file is missing, is not YAML or is not a map.
    """
    try:
        content = yaml.load(_planned(path).read_bytes(), Loader=LOADER)  # noqa: S506, it is the safe one
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file; run from the project's top folder") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: expected a map of sections, found {type(content).__name__}")
    return content


def section_of(params: Mapping[str, object], name: str) -> object:
    """A section of params.yaml, or one key of it ("swapper.model"), with its keys sorted; None when absent."""
    found: object = params
    for key in name.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return _sorted(found)


def _planned(path: Path) -> Path:
    planned = os.environ.get(PLANNED)
    return Path(planned) if planned and path == PARAMS else path


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
