"""Container definitions repeat no list of packages: what is installed is what envs/setup installs anywhere."""

import re
from pathlib import Path

import pytest

ENVS = Path(__file__).parents[2] / "envs"
DEFINITIONS = ("Containerfile", "apptainer.def")
BEFORE_SETUP = {"python3"}  # which envs/setup is looking for


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_container_gets_its_packages_from_setup_alone(name: str):
    text = (ENVS / name).read_text()
    assert re.search(r"^(RUN|   ) envs/setup\b", text, re.MULTILINE)
    assert "pip install" not in text
    installed = re.findall(r"apt-get install ([^\\\n&]+)", text)
    assert {word for words in installed for word in words.split() if not word.startswith("-")} == BEFORE_SETUP


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_container_begins_with_the_projects_tools(name: str):
    assert "/understudy/envs/enter" in (ENVS / name).read_text()
    assert 'PATH="/understudy/.venv/bin:$PATH"' in (ENVS / "enter").read_text()


def test_containers_start_from_the_same_system():
    assert len({re.search(r"debian:\S+", (ENVS / name).read_text()).group() for name in DEFINITIONS}) == 1
