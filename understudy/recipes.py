"""What an artifact is made with, besides its inputs: settings, code, and the versions of other people's packages.

A stage's recipe is a small JSON file, data/recipes/<stage>.json, on which DVC's stages depend; Snakemake compares its
digest. A comment, another order of settings or a package that the code does not import leave it as it was, so that
nothing below runs again. Which files a stage's settings name, understudy/stage_recipes.py finds.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from understudy.closure import closure, digests_of, forget, packages_of
from understudy.errors import EngineError
from understudy.libraries import check_installed, libraries_of
from understudy.sections import PARAMS, read_params, section_of

FOLDER = Path("data/recipes")
PLAN = "UNDERSTUDY_PLAN"
BY_DVC = "DVC_STAGE"


@dataclass(frozen=True)
class Recipe:
    """The scripts, their settings by section, the digest of every file of their code, and their packages' versions."""

    scripts: tuple[str, ...]
    settings: Mapping[str, object]
    code: Mapping[str, str]
    libraries: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One short name for code and packages; settings are compared by themselves."""
        return hashlib.sha256(_json([self.code, self.libraries]).encode()).hexdigest()[:16]

    def text(self) -> str:
        """The recipe as JSON, the same bytes for the same recipe."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, default=str) + "\n"


def recipe_of(scripts: Iterable[str], *, sections: Iterable[str], params: Mapping[str, object] | None = None) -> Recipe:
    """The recipe of the scripts as they are now, with these sections of params.yaml ("faces", "models.driven").

    Raises EngineError when the code imports a package that is not pinned.
    """
    scripts = tuple(scripts)
    files = closure(*scripts)
    values = read_params() if params is None else params
    return Recipe(
        scripts=scripts,
        settings={section: section_of(values, section) for section in sections},
        code=digests_of(*files),
        libraries=libraries_of(packages_of(*files)),
    )


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file. Raises EngineError when there is none or it is something else."""
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise EngineError(f"{path}: no such recipe; run `dvc repro` without --single-item, or `snakemake`") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{path}: not a recipe; delete it, and `dvc repro` or `snakemake` writes it anew") from error


def confirm(stage: str) -> None:
    """Nothing, when code, settings and packages are those with which an engine planned this run, or none did.

    Called when a stage begins and again when it ends: what it made in between is then surely made with them.
    Raises EngineError for the first difference.
    """
    planned = _planned(stage)
    if planned is not None:
        forget()
        now = recipe_of(planned.scripts, sections=planned.settings)
        for difference in differences(planned, now):
            raise EngineError(
                f"{difference} while or since this run was planned, and nothing made with it can be believed; "
                "run again (what is saved of a training goes on if that is put back as it was)"
            )
        check_installed(planned.libraries)


def differences(planned: Recipe, now: Recipe) -> list[str]:
    """What is not as it was planned, each as the beginning of a sentence."""
    sections = [f"{PARAMS}: {name} was edited" for name in _changed(planned.settings, now.settings)]
    files = [f"{path} was edited" for path in _changed(planned.code, now.code)]
    versions = [f"{name} was pinned anew" for name in _changed(planned.libraries, now.libraries)]
    return [*sections, *files, *versions]


def plan_of(recipes: Mapping[str, Recipe]) -> str:
    """The recipes of all stages as one JSON text, which UNDERSTUDY_PLAN names while Snakemake runs."""
    return json.dumps({stage: asdict(recipe) for stage, recipe in recipes.items()}, sort_keys=True, default=str)


def read_plan(path: Path) -> dict[str, Recipe]:
    """The recipes of all stages as `plan_of` wrote them."""
    return {stage: _parsed(recipe) for stage, recipe in json.loads(path.read_text(encoding="utf-8")).items()}


def _planned(stage: str) -> Recipe | None:
    plan = os.environ.get(PLAN)
    if plan:
        return read_plan(Path(plan)).get(stage)
    if os.environ.get(BY_DVC, "").partition("@")[0] == stage:
        return read_recipe(FOLDER / f"{stage}.json")
    return None


def _parsed(content: dict[str, object]) -> Recipe:
    return Recipe(
        scripts=tuple(content["scripts"]),  # type: ignore[arg-type]
        **{name: dict(content[name]) for name in ("settings", "code", "libraries")},  # type: ignore[call-overload]
    )


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    names = sorted({*before, *after})
    return [name for name in names if _json(before.get(name)) != _json(after.get(name))]


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
