"""Weights are files with a pinned SHA-256, found locally: nothing here ever downloads."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import AnalysisError
from understudy.files import sha256_of


@dataclass(frozen=True)
class Weights:
    """One file of weights and its SHA-256: 64 hexadecimal digits, or the beginning where no more is published."""

    file: str
    sha256: str


def installed_weights(weights: Weights, *, package: str, folder: str = "models") -> Path:
    """Where `weights` lie inside an installed package, which is searched for and never imported.

    Raises AnalysisError when the package or the file is missing, or its hash is not the pinned one.
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise AnalysisError(f"package {package} is not installed, it holds {weights.file}; run `make setup`")
    return checked_weights(Path(found.submodule_search_locations[0]) / folder / weights.file, weights)


def checked_weights(path: Path, weights: Weights) -> Path:
    """`path` itself, when it is there and has the pinned hash. Raises AnalysisError otherwise."""
    if not path.is_file():
        raise AnalysisError(f"{path}: no such weights; put the file with SHA-256 {weights.sha256} there")
    found = sha256_of(path)
    if not found.startswith(weights.sha256):
        raise AnalysisError(f"{path}: SHA-256 {found[:16]}…, expected {weights.sha256[:16]}…; replace the file")
    return path
