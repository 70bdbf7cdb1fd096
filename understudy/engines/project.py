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
from understudy.params import Nouns, read_nouns
from understudy.recipes import PLAN, Recipe, plan_of, read_plan
from understudy.sections import PARAMS, read_params, section_of
from understudy.stage_recipes import stage_recipe

PLANS = Path(".understudy/plans")


class RecipeName(str):
    """The digest of a stage's code and packages, as Snakemake is to compare it.

    loads  keys in other stages' sections that name what this one loads, too: "swapper.model"
    """

    loads: tuple[str, ...] = ()


def script_of(stage: str) -> str:
    """The file that a stage's code begins with."""
    return f"stages/{stage}.py"


@dataclass(frozen=True)
class Project:
    """The nouns of params.yaml, and its sections as Snakemake is to compare them."""

    nouns: Nouns
    params: Mapping[str, object]

    def section(self, name: str) -> object:
        """A section of params.yaml, or one key of it ("swapper.model"), with its keys sorted; None when absent.

        Sorted, because Snakemake compares what Python prints, and the order of keys changes no artifact.
        """
        return section_of(self.params, name)

    def recipe(self, stage: str, *loads: str) -> RecipeName:
        """The digest of what `stages/<stage>.py` consists of, with what its own section and the keys `loads` name.

        Raises EngineError when that imports a package that is not pinned.
        """
        name = RecipeName(stage_recipe(script_of(stage), sections=[stage], loads=loads, params=self.params).digest)
        name.loads = loads
        return name

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


def hold_plan(recipes: Mapping[str, Recipe]) -> None:
    """Let every job of this run know with which recipes it was planned; a job started elsewhere knows already."""
    if PLAN not in os.environ:
        os.environ[PLAN] = str(_kept(plan_of(recipes).encode(), ".json"))


def planned_recipes() -> dict[str, Recipe]:
    """With which recipes this run was planned, by stage; none when nothing was planned."""
    plan = os.environ.get(PLAN)
    return read_plan(Path(plan)) if plan else {}


def _held_fast(params: Path) -> Path:
    """A copy of params.yaml named by its content; a job that Snakemake starts elsewhere finds it already named."""
    already = os.environ.get("UNDERSTUDY_PARAMS")
    if already:
        return Path(already)
    if not params.is_file():
        return params
    return _kept(params.read_bytes(), ".yaml")


def _kept(content: bytes, suffix: str) -> Path:
    copy = PLANS / f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
    if not copy.is_file():
        with replacing(copy) as temporary:
            temporary.write_bytes(content)
    return copy


def _prepend(variable: str, folder: Path) -> None:
    folders = os.environ.get(variable, "").split(os.pathsep)
    os.environ[variable] = os.pathsep.join(
        [str(folder), *(other for other in folders if other not in ("", str(folder)))]
    )
