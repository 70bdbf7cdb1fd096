"""The import closure: what a stage's code consists of."""

from pathlib import Path

import pytest

from understudy.closure import closure, forget, packages_of, source_of
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
    forget()
    for path, text in FILES.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    yield
    forget()


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


def test_comments_and_blank_lines_are_no_code():
    before = _digest("def made():\n    return 1\n")
    assert _digest("# says\n\ndef made():  # what\n\n    # it is\n    return 1\n") == before
    assert _digest("def made():\n    return 2\n") != before


def test_what_looks_like_a_comment_inside_a_string_is_code():
    assert _digest('TEXT = """\n# one\n\n"""\n') != _digest('TEXT = """\n# two\n\n"""\n')
    assert _digest('TEXT = "a # b"\n') != _digest('TEXT = "a # c"\n')
    assert _digest('TEXT = """a\n\nb"""\n') != _digest('TEXT = """a\nb"""\n')


def test_code_that_does_not_parse_is_still_told_apart():
    assert _digest("def made(:\n") != _digest("def made)\n")


def test_packages_of_others_are_named_and_pythons_own_are_not():
    assert packages_of("understudy/media/reader.py") == ["numpy"]
    Path("stages/frames.py").write_text("import os.path\nfrom yaml import safe_load\nimport cv2 as pictures\n")
    forget()
    assert packages_of("stages/frames.py") == ["cv2", "yaml"]


def _digest(code: str) -> str:
    Path("understudy/errors.py").write_text(code)
    forget()
    return source_of("understudy/errors.py").digest
