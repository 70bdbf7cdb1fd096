"""nouns: one clear error for every mistake in what the project is about."""

from pathlib import Path

import pytest
import yaml

from stages.nouns import main
from understudy.errors import SettingsError

PARAMS = {
    "clips": {"ada": "data/raw/ada.mp4"},
    "people": ["ada"],
    "pairs": {"ada-ada": {"source": "ada", "target": "ada"}},
    "shots": {"ada": {"clip": "ada", "source": "ada", "target": "ada"}},
}
MISTAKES = {
    "clips.bo: no footage at data/raw/bo.mp4": {"clips": {"bo": "data/raw/bo.mp4"}},
    "clips.ada: 'elsewhere/ada.mp4' is not below data/raw/": {"clips": {"ada": "elsewhere/ada.mp4"}},
    "clips: 'Ada!': names are made of a-z, 0-9 and _": {"clips": {"Ada!": "data/raw/ada.mp4"}},
    "people: bo: no consent record people/bo.yaml": {"people": ["ada", "bo"]},
    "people: ada is listed twice": {"people": ["ada", "ada"]},
    "pairs.ada-bo: no person 'bo' among people (ada)": {"pairs": {"ada-bo": {"source": "ada", "target": "bo"}}},
    "pairs.both: its name must be ada-ada": {"pairs": {"both": {"source": "ada", "target": "ada"}}},
    "shots.ada: no pair ada-ada; add it to pairs": {"pairs": {}},
    "shots.x: no clip 'bo'. Known: ada": {"shots": {"x": {"clip": "bo", "source": "ada", "target": "ada"}}},
    "shots.x.target: missing": {"shots": {"x": {"clip": "ada", "source": "ada"}}},
}


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_PARAMS", raising=False)
    Path("people").mkdir()
    Path("people/ada.yaml").touch()
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/ada.mp4").touch()
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS))


def test_sound_nouns_give_the_same_file_whatever_they_are():
    main(nouns=Path("data/nouns.txt"))
    before = Path("data/nouns.txt").read_bytes()
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS | {"shots": {}}))
    main(nouns=Path("data/nouns.txt"))
    assert Path("data/nouns.txt").read_bytes() == before


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_one_line_that_says_where(message: str):
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS | MISTAKES[message]))
    with pytest.raises(SettingsError) as caught:
        main(nouns=Path("data/nouns.txt"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Path("data/nouns.txt").exists()
