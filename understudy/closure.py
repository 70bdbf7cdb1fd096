"""What a script's code consists of: itself, every module of understudy it imports, directly or not, and the packages of
others that these import.

Read with `ast`, nothing is imported, so it costs milliseconds and sees imports inside functions too. Imports under
`if TYPE_CHECKING:` do not run and do not count. A module found by name (a model, say) is given as another script.
"""

import ast
import hashlib
import io
import json
import sys
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from understudy.files import replacing

PACKAGE = "understudy"
READ = Path(".understudy/code.json")
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


class Source(NamedTuple):
    """What matters of one file: the SHA-256 of its code without comments and blank lines, and the names it imports."""

    digest: str
    imports: tuple[str, ...]


def closure(*scripts: str) -> list[str]:
    """The scripts and all they import from understudy, as sorted project-relative paths.

    A script of understudy itself is imported by its name, and so are the packages it lies in. A script that does
    not exist is listed and not followed: who runs it then says that it is missing.
    """
    found: set[str] = set()
    waiting = [*scripts, *(package for script in scripts for package in _packages_around(script))]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imports_of(path)
    return sorted(found)


def digests_of(*paths: str) -> Mapping[str, str]:
    """The digest of the code of each of these files, by path."""
    return {path: source_of(path).digest for path in paths}


def imports_of(path: str) -> tuple[str, ...]:
    """The files of understudy that the file at `path` imports itself, with the packages they lie in."""
    return tuple(sorted({found for name in source_of(path).imports for found in _files_of(name)}))


def packages_of(*paths: str) -> list[str]:
    """The top-level packages, neither understudy nor Python's own, that these files import themselves; sorted."""
    names = {name.partition(".")[0] for path in paths for name in source_of(path).imports}
    return sorted(names - {PACKAGE, "stages", ""} - sys.stdlib_module_names)


@cache
def source_of(path: str) -> Source:
    """What matters of a file; nothing for one that is not there."""
    file = Path(path)
    if not file.is_file():
        return Source("", ())
    content = file.read_bytes()
    key = f"{_reader()} {file.parent.as_posix()} {hashlib.sha256(content).hexdigest()}"
    known = _remembered()
    if key not in known:
        known[key] = _read(content, path)
    return known[key]


def forget() -> None:
    """Look at every file anew; call it when files may have changed since."""
    source_of.cache_clear()
    _files_of.cache_clear()


def remember() -> None:
    """Keep what was read, by content, so that the next process need not read it again."""
    known = _remembered()
    if len(known) > _kept_before[0]:
        READ.parent.mkdir(parents=True, exist_ok=True)
        with replacing(READ) as temporary:
            temporary.write_text(json.dumps(known, sort_keys=True), encoding="utf-8")
        _kept_before[0] = len(known)


_kept_before = [0]


@cache
def _reader() -> str:
    """Who read what is remembered: another version of this file may read otherwise."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]


@cache
def _remembered() -> dict[str, Source]:
    try:
        kept = json.loads(READ.read_bytes())
        known = {key: Source(digest, tuple(imports)) for key, (digest, imports) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        known = {}  # not there yet, or cut off: everything is read again
    _kept_before[0] = len(known)
    return known


def _packages_around(script: str) -> tuple[str, ...]:
    return _files_of(".".join(Path(script).with_suffix("").parts))


def _read(content: bytes, path: str) -> Source:
    try:
        tree = ast.parse(content, path)
        code = "\n".join(_lines_of_code(content.decode("utf-8")))
    except (SyntaxError, ValueError, tokenize.TokenError):
        return Source(hashlib.sha256(content).hexdigest(), ())  # whoever runs it will say what is wrong
    names = tuple(sorted(set(_imported(tree, package=".".join(Path(path).parent.parts)))))
    return Source(hashlib.sha256(code.encode()).hexdigest(), names)


def _lines_of_code(text: str) -> Iterator[str]:
    """The lines on which there is code, their comments cut off."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    coded = {row for token in tokens if token.type not in LAYOUT for row in range(token.start[0], token.end[0] + 1)}
    comments = {token.start[0]: token.start[1] for token in tokens if token.type == tokenize.COMMENT}
    for row, line in enumerate(text.split("\n"), start=1):
        if row in coded:
            yield line[: comments[row]].rstrip() if row in comments else line


def _imported(tree: ast.AST, *, package: str) -> Iterator[str]:
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, package)
            yield module
            if module.partition(".")[0] == PACKAGE:
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


@cache
def _files_of(name: str) -> tuple[str, ...]:
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return ()
    packages = [Path(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    candidates = [*packages, Path(*parts).with_suffix(".py")]
    return tuple(file.as_posix() for file in candidates if file.is_file())
