"""Which versions of other people's packages a stage runs with: those it imports, and what these stand on themselves.

envs/requirements.lock is the one source: it pins every package, and says under each through which others it came.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from understudy.errors import EngineError

LOCK = Path("envs/requirements.lock")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$")
VIA = re.compile(r"^ +#(?: via)? +([A-Za-z0-9._-]+)$")
PACKAGE_OF = {  # where a package is named otherwise than what it is imported as
    "OpenImageIO": "openimageio",
    "c2pa": "c2pa-python",
    "cv2": "opencv-python",
    "dlib": "dlib-bin",
    "face_alignment": "face-alignment",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
ONLY_WITH_AN_EXTRA = {  # what the lock file says a package needs, but only an extra of it that DVC asks for does
    "fsspec": {"aiohttp", "tqdm"},
}


@dataclass(frozen=True)
class Locked:
    """The lock file: the version of every package, and what each stands on."""

    versions: Mapping[str, str]
    requires: Mapping[str, tuple[str, ...]]


@cache
def read_lock(path: Path = LOCK) -> Locked:
    """What the lock file pins. Raises EngineError when it is missing or a line is not understood."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise EngineError(f"{path}: no such file; `git checkout {path}` brings it back") from error
    versions: dict[str, str] = {}
    requires: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        if pinned := PINNED.match(line):
            name = _normal(pinned.group(1))
            versions[name] = pinned.group(2)
        elif (via := VIA.match(line)) and versions:
            requires.setdefault(_normal(via.group(1)), []).append(name)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise EngineError(f"{path}: line {number}: expected name==version, found {line!r}; run `make lock`")
    return Locked(versions, {name: tuple(sorted(found)) for name, found in requires.items()})


def libraries_of(modules: Iterable[str]) -> dict[str, str]:
    """The pinned version of every package that these top-level modules come from or stand on, by name, sorted.

    Raises EngineError when a module comes from no pinned package.
    """
    locked = read_lock()
    found: set[str] = set()
    waiting = [_package_of(module, locked) for module in modules]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += set(locked.requires.get(name, ())) - ONLY_WITH_AN_EXTRA.get(name, set())
    return {name: locked.versions[name] for name in sorted(found)}


def check_installed(libraries: Mapping[str, str]) -> None:
    """Nothing, when this environment has these versions; a local suffix such as +cpu does not count.

    Raises EngineError for the first package that it has not.
    """
    for name, wanted in libraries.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "none"
        if found.partition("+")[0] != wanted:
            raise EngineError(
                f"{LOCK}: {name} {wanted} is pinned, {found} is installed; "
                "`make setup` installs what is pinned, `make lock` pins anew"
            )


def _package_of(module: str, locked: Locked) -> str:
    name = _normal(PACKAGE_OF.get(module, module))
    if name not in locked.versions:
        raise EngineError(
            f"{LOCK}: no package for `import {module}`; add it to envs/requirements.in and run `make lock` "
            "(a package named otherwise: understudy/libraries.py, PACKAGE_OF)"
        )
    return name


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
