"""The files a stage's code consists of: its script and every module of understudy it imports, directly or not.

Read with `ast`, nothing is imported, so it costs milliseconds and sees imports inside functions too. Imports under
`if TYPE_CHECKING:` do not run and do not count. A module found by name (a model, say) is named in the rule.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "understudy"


def closure(*scripts: str) -> list[str]:
    """The scripts and all they import from understudy, as sorted project-relative paths.

    A script that does not exist is listed and not followed: Snakemake and DVC then say that it is missing.
    """
    found: set[str] = set()
    waiting = list(scripts)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imports_of(path)
    return sorted(found)


@cache
def imports_of(path: str) -> tuple[str, ...]:
    """The files of understudy that the file at `path` imports itself, with the packages they lie in."""
    file = Path(path)
    if not file.is_file():
        return ()
    names = _imported(ast.parse(file.read_text(encoding="utf-8"), path), package=_package_of(file))
    return tuple(sorted({found for name in names for found in _files_of(name)}))


def _imported(tree: ast.AST, *, package: str) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _running(node)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _package_of(file: Path) -> str:
    return ".".join(file.parent.parts)


def _files_of(name: str) -> list[str]:
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return []
    packages = [Path(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    candidates = [*packages, Path(*parts).with_suffix(".py")]
    return [file.as_posix() for file in candidates if file.is_file()]
