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

import yaml
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
MAY_NAME = {
    "landmarks": ["analysers/*_68.py"],
    "identities": ["analysers/*_68.py"],
    "scores": ["analysers/*_68.py"],
    "swapper": ["models/*.py", "optimizers/*.py", "losses/*.py", "augmentations/*.py", "critics/*.py"],
    "swaps": ["models/*.py"],
}
PART = re.compile(r"^[ -]*(loss|augmentation|critic|optimizer): (\w+)$", re.MULTILINE)
FOLDER_OF_PARTS = {"loss": "losses", "augmentation": "augmentations", "critic": "critics", "optimizer": "optimizers"}
SAYS_ONLY_ITS_CORE = {"dlib": "dlib-bin"}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Code:
    """The files that some code consists of, below the project's folder, and the packages of others they import."""

    files: frozenset[str]
    imports: frozenset[str]


def code_of_stages(root: Path, params: Mapping) -> dict[str, Code]:
    """The code of each stage: its script and what that loads by name."""
    named = {
        stage: [f"understudy.{kind}.{params[section][key]}" for kind, (section, key) in keys]
        for stage, keys in BY_NAME.items()
    }
    named["swapper"] += _parts(params["swapper"]) + _parts(params["models"][params["swapper"]["model"]])
    return {stage: reached(root, f"stages/{stage}.py", *named.get(stage, [])) for stage in FIRST_OUTPUT}


def code_of_recipes(root: Path) -> dict[str, Code]:
    """The code at which DVC is to look before it writes each recipe: of a script and of all it may load by name."""
    return {
        f"recipe-{stage}": reached(
            root,
            f"stages/{stage}.py",
            *(
                f"understudy.{file.parent.name}.{file.stem}"
                for pattern in MAY_NAME.get(stage, [])
                for file in (root / "understudy").glob(pattern)
                if not file.stem.startswith("_")
            ),
        )
        for stage in FIRST_OUTPUT
    }


def _parts(section: Mapping) -> list[str]:
    """What a section names wherever it does, as modules, read from its lines."""
    lines = yaml.safe_dump(section, default_flow_style=False)
    return [f"understudy.{FOLDER_OF_PARTS[key]}.{name}" for key, name in PART.findall(lines)]


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
