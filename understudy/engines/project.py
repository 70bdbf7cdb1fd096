"""The project as the Snakefile sees it: nouns and settings, read once, checked, and held fast while a run lasts."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import EngineError, UnderstudyError
from understudy.files import replacing
from understudy.params import PARAMS, Nouns, read_nouns, read_params

PLANS = Path(".understudy/plans")


@dataclass(frozen=True)
class Project:
    """The nouns of params.yaml, and its sections as Snakemake is to compare them."""

    nouns: Nouns
    params: Mapping[str, object]

    def section(self, name: str) -> object:
        """A section of params.yaml, or one key of it ("swapper.model"), with its keys sorted; None when absent.

        Sorted, because Snakemake compares what Python prints, and the order of keys changes no artifact.
        """
        found: object = self.params
        for key in name.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return _sorted(found)

    @property
    def pairs(self) -> list[str]:
        """The pairs, as the folders of their swappers are named."""
        return [f"{pair.source}-{pair.target}" for pair in self.nouns.pairs.values()]

    @property
    def shots(self) -> list[str]:
        """The shots, as their files are named."""
        return [f"{shot.clip}.{shot.source}-for-{shot.target}" for shot in self.nouns.shots.values()]

    def footage_files(self, clip: str) -> list[str]:
        """The file a clip's footage is, or the files of its folder of stills."""
        return files_below(self.nouns.clips[clip])


def open_project(overrides: Mapping[str, object]) -> Project:
    """The project in the working directory, with params.yaml held fast for every job of this run.

    Jobs find this project's modules and this environment's Python, whatever the shell has.
    Raises EngineError when settings are given on Snakemake's command line, which no stage would see, and SettingsError
    for a mistake in the nouns or an unknown model or optimizer.
    """
    if overrides:
        raise EngineError("settings come from params.yaml alone; edit it instead of --config or --configfile")
    os.environ["UNDERSTUDY_PARAMS"] = str(_held_fast(PARAMS))
    _prepend("PYTHONPATH", Path.cwd())
    _prepend("PATH", Path(sys.executable).parent)
    return Project(nouns=read_nouns(), params=read_params())


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors a person may see end the process with one line and status 1, as in a stage."""
    try:
        yield
    except UnderstudyError as error:
        print(f"understudy: {error}", file=sys.stderr)
        sys.exit(1)


def files_below(path: str) -> list[str]:
    """The file at `path`, or the files below that folder, sorted, without hidden ones; none when nothing is there."""
    root = Path(path)
    if root.is_file():
        return [path]
    files = (file for file in root.rglob("*") if file.is_file())
    return sorted(file.as_posix() for file in files if not file.name.startswith("."))


def _held_fast(params: Path) -> Path:
    """A copy of params.yaml named by its content; a job that Snakemake starts elsewhere finds it already named."""
    already = os.environ.get("UNDERSTUDY_PARAMS")
    if already:
        return Path(already)
    if not params.is_file():
        return params
    content = params.read_bytes()
    copy = PLANS / f"{hashlib.sha256(content).hexdigest()[:16]}.yaml"
    if not copy.is_file():
        with replacing(copy) as temporary:
            temporary.write_bytes(content)
    return copy


def _prepend(variable: str, folder: Path) -> None:
    folders = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join(
        [str(folder), *(other for other in folders if other not in ("", str(folder)))]
    )


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
