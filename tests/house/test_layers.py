"""Imports run one way: stages, then the rooms, then what rooms share, then the ground floor."""

import ast
from pathlib import Path

import pytest

from understudy.closure import imports_of

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "understudy"
ROOMS = sorted(folder.name for folder in PACKAGE.iterdir() if folder.is_dir() and folder.name != "__pycache__")
GROUND = {"errors", "files", "params", "tables", "randomness"}
GROUND |= {"closure", "libraries", "recipes", "registries", "sections", "stage_recipes"}
REGISTRIES = ("models", "critics", "losses", "augmentations", "optimizers", "analysers")
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py"))
USES = {  # which rooms a room may look into, besides what lies in no room
    "models": {"losses", "augmentations", "driven", "blocks", "phaze_a"},
    "phaze_a": {"blocks"},
    "critics": {"blocks"},
    "driven": {"losses", "augmentations"},
    "scoring": {"analysers", "media", "provenance"},
    "compositing": {"media"},
    "actors": {"media"},
}


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)


def room_of(path: str) -> str:
    """The room a module lies in: its folder, or "" for modules that lie in none."""
    parts = Path(path).parts
    return parts[1] if len(parts) > 2 else ""


@pytest.mark.parametrize("module", MODULES)
def test_a_room_looks_only_into_rooms_below_it(module: str):
    room = room_of(module)
    rooms = {room_of(path) for path in imports_of(module)} - {"", room}
    if room:
        assert rooms <= USES.get(room, set())


@pytest.mark.parametrize("name", sorted(GROUND))
def test_the_ground_floor_stands_on_itself(name: str):
    found = {Path(path).stem for path in imports_of(f"understudy/{name}.py")} - {"__init__"}
    assert found <= GROUND


@pytest.mark.parametrize("module", MODULES)
def test_the_library_never_imports_a_stage_or_a_test(module: str):
    assert not {name.split(".")[0] for name in _imported(module)} & {"stages", "tests", "bench", "docs"}


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "stages").glob("*.py")))
def test_a_stage_never_imports_a_stage(script: str):
    assert "stages" not in {name.split(".")[0] for name in _imported(f"stages/{script}")}


@pytest.mark.parametrize("registry", [name for name in REGISTRIES if (PACKAGE / name).is_dir()])
def test_members_of_a_registry_do_not_import_each_other(registry: str):
    folder = PACKAGE / registry
    members = {f"understudy/{registry}/{path.name}" for path in folder.glob("[!_]*.py")}
    for member in sorted(members):
        assert not set(imports_of(member)) & members - {member}, member


def _imported(path: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found
