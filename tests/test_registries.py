"""What settings name: the files that a recipe follows, and the sections that come with them."""

from pathlib import Path

import pytest

from understudy.closure import forget
from understudy.libraries import read_lock
from understudy.recipes import recipe_of
from understudy.registries import followed, nameable, named_by
from understudy.stage_recipes import stage_recipe

FILES = ("models/one", "models/two", "optimizers/adam", "losses/edges", "losses/hue", "analysers/a_68", "analysers/hog")
ONE = {
    "batch": 4,
    "losses": [{"loss": "edges", "weight": 1.0}, {"of": [{"loss": "hue"}]}],
    "augmentation": {"flip": 0.5, "first": {"augmentation": "warp"}},
    "against": {"critic": "patches"},
}
PARAMS = {
    "landmarks": {"backend": "a_68"},
    "swapper": {"model": "one", "optimizer": "adam"},
    "models": {"one": ONE, "two": {"losses": [{"loss": "edges"}]}},
    "look": {"loss": "edges"},
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    forget()
    read_lock.cache_clear()
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/requirements.lock").touch()
    for name in FILES:
        path = Path(f"understudy/{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    yield
    forget()
    read_lock.cache_clear()


def test_a_model_brings_its_section_and_all_that_this_names_in_lists_and_maps():
    sections, files = followed(PARAMS, ["swapper"])
    assert sections == ["swapper", "models.one"]
    assert files == [
        "understudy/augmentations/warp.py",
        "understudy/critics/patches.py",
        "understudy/losses/edges.py",
        "understudy/losses/hue.py",
        "understudy/models/one.py",
        "understudy/optimizers/adam.py",
    ]


@pytest.mark.parametrize("sections", [["swapper.model", "swapper.optimizer"], ["look"], ["nowhere"], []])
def test_a_section_that_is_a_name_or_of_no_training_names_nothing(sections: list[str]):
    assert followed(PARAMS, sections) == (sections, [])
    assert nameable(sections, []) == []


def test_a_single_key_names_a_file_without_its_section():
    recipe = stage_recipe("stages/swaps.py", sections=["look"], loads=["swapper.model"], params=PARAMS)
    assert recipe.scripts == ("stages/swaps.py", "understudy/models/one.py")
    assert set(recipe.settings) == {"look"}
    assert named_by(PARAMS, ["landmarks.backend"]) == ["understudy/analysers/a_68.py"]


@pytest.mark.parametrize("name", [None, 3, {"flip": 1}, ["one"]])
def test_what_is_no_string_names_nothing(name: object):
    assert named_by({"swapper": {"model": name}}, ["swapper.model"]) == []


def test_a_name_without_a_file_is_listed_and_not_followed():
    recipe = stage_recipe("stages/swapper.py", sections=["swapper"], params=PARAMS)
    assert recipe.code["understudy/critics/patches.py"] == ""


def test_it_looks_at_every_file_that_may_be_named_and_at_no_others():
    assert nameable(["swapper"], []) == [f"understudy/{name}.py" for name in sorted(FILES[:5])]
    assert nameable(["look"], ["landmarks.backend"]) == ["understudy/analysers/a_68.py"]


def test_a_recipe_made_again_of_the_same_files_and_sections_is_the_same():
    recipe = stage_recipe("stages/swapper.py", sections=["swapper"], params=PARAMS)
    assert recipe_of(recipe.scripts, sections=recipe.settings, params=PARAMS) == recipe
