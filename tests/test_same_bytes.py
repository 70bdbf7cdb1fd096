"""Artifacts are the same bytes whatever surrounds their making: threads, user, language, path, what the shell says."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import yaml

from tests.models.cartoon_tables import write_crops
from understudy.arithmetic import SHARED

ROOT = Path(__file__).parents[1]
TINY = ROOT / "tests/tiny"
QUICK = {"steps": 3, "measure_every": 3, "save_every": 3, "min_faces": 5, "parts": 2}
TAKEN_OVER = {"PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV"}
SURROUNDINGS = {
    "two threads": {"UNDERSTUDY_THREADS": "2", "OMP_NUM_THREADS": "2"},
    "four threads": {"UNDERSTUDY_THREADS": "4", "OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "3"},
    "a stranger": {
        "PYTHONHASHSEED": "4242",
        "LC_ALL": "tr_TR.UTF-8",
        "TZ": "Pacific/Chatham",
        "PYTHONDONTWRITEBYTECODE": "1",
        "FOLDER": "Zweite Besetzung, größer",
    },
    "a shell that asks for other instructions": {
        **dict.fromkeys(SHARED, ""),
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "AVX2",
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
        "OPENCV_CPU_DISABLE": "AVX2,FMA3",
        "OPENCV_IPP": "disabled",
    },
}


@pytest.fixture(scope="module")
def least(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two stills and two small face sets."""
    root = tmp_path_factory.mktemp("least")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["swapper"] |= QUICK
    params["models"]["compact"]["batch"] = 2
    params["models"]["driven"] |= {"batch": 2, "nodes": 3}
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copytree(TINY / "people", root / "people")
    for seed, person in enumerate(("ada", "bo")):
        write_crops(root / f"data/crops/{person}.parquet", person, number=12, seed=seed)
    (root / "data/raw/stills").mkdir(parents=True)
    write_stills(root / "data/raw/stills")
    return root


def write_stills(folder: Path) -> None:
    clip = cv2.VideoCapture(str(TINY / "data/raw/ada.mp4"))
    for number in range(2):
        assert cv2.imwrite(str(folder / f"{number}.png"), clip.read()[1])
    clip.release()


def made(project: Path, folder: Path, **environment: str) -> dict[str, object]:
    """What a small run says it made, in a copy of the project, with nothing of this shell but paths."""
    root = folder / environment.pop("FOLDER", "project")
    shutil.copytree(project, root)
    inherited = {name: value for name, value in os.environ.items() if name in TAKEN_OVER}
    done = subprocess.run(
        [sys.executable, "-m", "tests.small_run"],
        cwd=root,
        env=inherited | {"PYTHONPATH": str(ROOT), "UNDERSTUDY_DEVICE": "cpu"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def expected(least: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What one thread makes."""
    return made(least, tmp_path_factory.mktemp("expected"), UNDERSTUDY_THREADS="1", OMP_NUM_THREADS="1")


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_artifacts_are_the_same_bytes(least: Path, tmp_path: Path, expected: dict[str, object], surroundings: str):
    assert len(expected["made"]) == 16
    assert made(least, tmp_path, **SURROUNDINGS[surroundings]) == expected


def test_a_stage_settles_its_arithmetic_before_it_loads_what_computes():
    for script in sorted((ROOT / "stages").glob("*.py")):
        assert _first_package(script) == "understudy", script


def _first_package(script: Path) -> str:
    for node in ast.parse(script.read_text()).body:
        for name in _names(node):
            if name not in sys.stdlib_module_names:
                return name
    return ""


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [str(node.module).partition(".")[0]]
    return [alias.name.partition(".")[0] for alias in node.names] if isinstance(node, ast.Import) else []
