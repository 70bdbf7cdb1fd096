"""The recipe of a stage: of its script, of the sections of params.yaml it reads, and of all that these name.

`python -m understudy.stage_recipes SCRIPT --settings SECTION... [--loads KEY...] --recipe FILE` writes one. No stage
imports this, so that another key that names files is no other code of every stage.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from understudy.closure import remember
from understudy.errors import UnderstudyError
from understudy.files import replacing
from understudy.recipes import Recipe, recipe_of
from understudy.registries import followed, named_by
from understudy.sections import read_params


def stage_recipe(
    script: str, *, sections: Iterable[str], loads: Iterable[str] = (), params: Mapping[str, object] | None = None
) -> Recipe:
    """The recipe of a stage's script as it is now.

    A file that one of the `sections` names belongs to it, with the file's own section ("models.driven") and what that
    names in turn; one that a key of `loads` names ("swapper.model") alone, since its settings come from elsewhere.
    Raises EngineError when the code imports a package that is not pinned.
    """
    values = read_params() if params is None else params
    found, files = followed(values, sections)
    scripts = [script, *sorted({*files, *named_by(values, loads)})]
    return recipe_of(scripts, sections=found, params=values)


def write_recipe(script: str, *, sections: Iterable[str], loads: Iterable[str], recipe: Path) -> None:
    """The recipe of a stage's script as it is now, as a file; one that says so already is left untouched."""
    text = stage_recipe(script, sections=sections, loads=loads).text()
    if not recipe.is_file() or recipe.read_text(encoding="utf-8") != text:
        with replacing(recipe) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m understudy.stage_recipes", description="Write what artifacts are made with."
    )
    parser.add_argument("script")
    parser.add_argument("--settings", nargs="+", default=[], help="sections of params.yaml")
    parser.add_argument("--loads", nargs="+", default=[], help="keys of other sections that name what it loads")
    parser.add_argument("--recipe", type=Path, required=True)
    flags = parser.parse_args()
    try:
        write_recipe(flags.script, sections=flags.settings, loads=flags.loads, recipe=flags.recipe)
        remember()
    except UnderstudyError as error:
        print(f"recipes: {error}", file=sys.stderr)
        sys.exit(1)
