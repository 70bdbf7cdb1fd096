"""What each stage may depend on, told without the engines' own code.

Files: what Python's own modulefinder reaches from the stage's script and from what the script loads by name. Packages:
what those files import, by what the installed packages say of themselves and of each other, as far as they are pinned.
"""

import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from modulefinder import ModuleFinder
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.engines.dag import FIRST_OUTPUT

OWN = {"understudy", "stages"}
BY_NAME = {
    "landmarks": [("analysers", ("landmarks", "backend"))],
    "identities": [("analysers", ("landmarks", "backend"))],
    "scores": [("analysers", ("landmarks", "backend"))],
    "swapper": [("models", ("swapper", "model")), ("optimizers", ("swapper", "optimizer"))],
    "swaps": [("models", ("swapper", "model"))],
}
REGISTRIES = {"models": "*.py", "optimizers": "*.py", "analysers": "*_68.py"}
SAYS_ONLY_ITS_CORE = {"dlib": "dlib-bin"}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Code:
    """The files that some code consists of, below the project's folder, and the packages of others they import."""

    files: frozenset[str]
    imports: frozenset[str]


def code_of_stages(root: Path, params: Mapping) -> dict[str, Code]:
    """The code of each stage: its script and what that loads by name."""
    return {
        stage: reached(
            root,
            f"stages/{stage}.py",
            *(f"understudy.{kind}.{params[section][key]}" for kind, (section, key) in BY_NAME.get(stage, [])),
        )
        for stage in FIRST_OUTPUT
    }


def code_of_recipes(root: Path) -> dict[str, Code]:
    """The code that each recipe of DVC is to name: of a script alone, or of one file that is loaded by name."""
    scripts = {f"recipe-{stage}": reached(root, f"stages/{stage}.py") for stage in FIRST_OUTPUT}
    members = {
        f"recipe-{kind}-{file.stem}": reached(root, f"understudy.{kind}.{file.stem}")
        for kind, pattern in REGISTRIES.items()
        for file in (root / "understudy" / kind).glob(pattern)
        if not file.stem.startswith("_")
    }
    return scripts | members


def reached(root: Path, *starts: str) -> Code:
    """What running a script or importing a module brings in."""
    finder = ModuleFinder(path=[str(root)])
    for start in starts:
        if start.endswith(".py"):
            finder.run_script(str(root / start))
        else:
            finder.import_hook(start)
    files = {
        Path(module.__file__).relative_to(root).as_posix() for module in finder.modules.values() if module.__file__
    }
    missing = {name.partition(".")[0] for name in finder.badmodules}
    return Code(frozenset(files), frozenset(missing - OWN - sys.stdlib_module_names))


def pinned(lock: str) -> dict[str, str]:
    """The versions in the text of requirements.lock."""
    return {canonicalize_name(name): version for name, version in PINNED.findall(lock)}


def packages_of(code: Code, *, among: Collection[str]) -> set[str]:
    """The packages `among` the pinned that code imports, and those that they need."""
    found: set[str] = set()
    waiting = [(owner, "") for module in code.imports for owner in _owners(module)]
    seen = set()
    while waiting:
        package = waiting.pop()
        if package not in seen and package[0] in among:
            seen.add(package)
            found.add(package[0])
            waiting += _needs(*package)
    return found


def _owners(module: str) -> list[str]:
    if module in SAYS_ONLY_ITS_CORE:
        return [SAYS_ONLY_ITS_CORE[module]]
    return [canonicalize_name(name) for name in set(_distributions()[module])]


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _needs(package: str, extra: str) -> list[tuple[str, str]]:
    """What a package needs by itself, or with one extra of it, and with which extras."""
    try:
        lines = requires(package) or []
    except PackageNotFoundError:
        return []
    found = []
    for requirement in map(Requirement, lines):
        if not requirement.marker or requirement.marker.evaluate({"extra": extra}):
            name = canonicalize_name(requirement.name)
            found += [(name, wanted) for wanted in ("", *sorted(requirement.extras))]
    return found
