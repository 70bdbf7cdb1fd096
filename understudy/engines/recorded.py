"""What a dvc.lock says was made, and whether files that were made again are the same.

A signed file is never the same twice. What it shows is, and the text artifact `*.payload` of its stage holds the hash
of that, so that dvc.lock proves it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import yaml

from understudy.engines.recipes import PREFIX
from understudy.errors import EngineError, FootageError, TableError
from understudy.payload import SUFFIX, payload_sha256, read_payloads
from understudy.sections import LOADER

Verdict = Literal["equal", "equal pictures, signed anew", "different", "missing", "not comparable"]
EQUAL: tuple[Verdict, ...] = ("equal", "equal pictures, signed anew")
FOLDER = ".dir"  # ends the hash of a folder
SIGNED = "data/shots/"  # every film and picture below it is signed
CHUNK = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """One output of one stage, with the MD5 that dvc.lock has of it."""

    stage: str
    path: str
    md5: str


def read_lock(text: str, *, where: str) -> tuple[list[Artifact], Mapping[str, str]]:
    """The artifacts of a dvc.lock, and the MD5 of every file and folder that was given rather than made.

    Raises EngineError when `text` is no dvc.lock.
    """
    try:
        stages = yaml.load(text, LOADER)["stages"]  # noqa: S506, a safe loader
        made = [
            Artifact(stage, out["path"], out["md5"]) for stage, entry in stages.items() for out in entry.get("outs", ())
        ]
        needed = {dep["path"]: dep["md5"] for stage in stages.values() for dep in stage.get("deps", ())}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{where}: not a dvc.lock that can be read ({' '.join(str(error).split())})") from error
    outputs = {artifact.path for artifact in made}
    gathered = {folder.as_posix() for output in outputs for folder in PurePosixPath(output).parents}
    given = {path: md5 for path, md5 in needed.items() if path not in gathered and not _lies_in(path, outputs)}
    return [artifact for artifact in made if not artifact.stage.startswith(PREFIX)], given


def md5_of(path: Path) -> str:
    """The MD5 of a file or, as DVC has it, of a folder."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listed = [{"md5": md5_of(file), "relpath": file.relative_to(path).as_posix()} for file in files]
        listed.sort(key=lambda entry: tuple(entry["relpath"].split("/")))
        return _md5(json.dumps(listed, sort_keys=True).encode()) + FOLDER
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def compare(
    artifacts: Iterable[Artifact], *, root: Path, stored: Callable[[str], Path | None]
) -> list[tuple[Artifact, Verdict]]:
    """Each artifact with what became of it below `root`; `stored` finds a recorded file by its MD5, or None."""
    artifacts = list(artifacts)
    same = {
        artifact.path: (root / artifact.path).exists() and md5_of(root / artifact.path) == artifact.md5
        for artifact in artifacts
    }
    shown = _shown(artifacts, same, root=root)
    return [(artifact, _verdict(artifact, same[artifact.path], shown, root, stored)) for artifact in artifacts]


def _verdict(
    artifact: Artifact,
    same: bool,
    shown: Mapping[str, str | None],
    root: Path,
    stored: Callable[[str], Path | None],
) -> Verdict:
    file = root / artifact.path
    if same:
        return "equal"
    if not file.exists():
        return "missing"
    if artifact.path in shown:
        return "equal pictures, signed anew" if _payload(file) == shown[artifact.path] else "different"
    if not artifact.path.startswith(SIGNED) or artifact.path.endswith(SUFFIX):
        return "different"
    before = stored(artifact.md5)
    if before is None:
        return "not comparable"
    return "equal pictures, signed anew" if _payload(file) == _payload(before, like=file) else "different"


def _shown(artifacts: Iterable[Artifact], same: Mapping[str, bool], *, root: Path) -> dict[str, str | None]:
    """What each signed file must show, or None where that was not recorded equal."""
    shown: dict[str, str | None] = {}
    for artifact in artifacts:
        record = root / artifact.path
        if artifact.path.endswith(SUFFIX) and record.is_file():
            folder = PurePosixPath(artifact.path).parent
            for name, payload in _listed(record).items():
                shown[(folder / name).as_posix()] = payload if same[artifact.path] else None
    return shown


def _listed(record: Path) -> Mapping[str, str]:
    try:
        return read_payloads(record)
    except TableError:
        return {}


def _payload(file: Path, *, like: Path | None = None) -> str:
    """What a file shows, or something no other file's payload equals; `like` lends its suffix."""
    try:
        return payload_sha256(file, suffix=(like or file).suffix)
    except FootageError:
        return f"unreadable {file}"


def _lies_in(path: str, outputs: Set[str]) -> bool:
    """Whether a path is an output, or below one that is a folder."""
    return path in outputs or any(folder.as_posix() in outputs for folder in PurePosixPath(path).parents)


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
