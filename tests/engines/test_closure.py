"""The import closure: what a stage's code consists of."""

from pathlib import Path

import pytest

from understudy.engines import closure as closures
from understudy.engines.closure import closure
from understudy.engines.lint import complaints

FILES = {
    "understudy/__init__.py": "",
    "understudy/errors.py": "",
    "understudy/files.py": "from understudy.errors import TableError",
    "understudy/late.py": "",
    "understudy/typed.py": "",
    "understudy/media/__init__.py": "",
    "understudy/media/reader.py": "import numpy\nfrom ..files import replacing\nfrom . import pixels",
    "understudy/media/pixels.py": "",
    "understudy/models/__init__.py": "",
    "understudy/models/one.py": "",
    "understudy/models/two.py": "",
    "stages/frames.py": (
        "from typing import TYPE_CHECKING\n"
        "from understudy.media import reader\n"
        "if TYPE_CHECKING:\n    from understudy import typed\n"
        "def main():\n    import understudy.late\n"
    ),
    "stages/swapper.py": "import importlib\nimportlib.import_module('understudy.models.one')\n",
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    closures.imports_of.cache_clear()
    for path, text in FILES.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    yield
    closures.imports_of.cache_clear()


def test_it_follows_every_import_that_runs_and_none_that_does_not():
    assert closure("stages/frames.py") == [
        "stages/frames.py",
        "understudy/__init__.py",
        "understudy/errors.py",
        "understudy/files.py",
        "understudy/late.py",
        "understudy/media/__init__.py",
        "understudy/media/pixels.py",
        "understudy/media/reader.py",
    ]


def test_a_module_found_by_name_is_named_with_the_script():
    named = closure("stages/swapper.py", "understudy/models/one.py")
    assert "understudy/models/one.py" in named
    assert "understudy/models/two.py" not in named


def test_a_script_that_is_not_there_is_listed():
    assert closure("stages/missing.py") == ["stages/missing.py"]


def test_lint_reports_everything_but_the_missing_conda_environment():
    report = (
        "Lints for rule frames (line 1, Snakefile):\n"
        "    * Specify a conda environment or container for each rule.:\n"
        "      text\n"
        "    * No log directive defined:\n"
    )
    assert complaints(report) == ["rule frames (line 1, Snakefile): No log directive defined"]
