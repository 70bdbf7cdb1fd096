import pytest

from understudy.errors import TableError
from understudy.manifest import read_manifest


def test_clips_and_people_are_sorted(tmp_path):
    path = tmp_path / "clips.json"
    path.write_text('{"clips": {"bo": "data/raw/bo.mp4", "ada": "data/raw/ada.mp4"}, "people": ["bo", "ada"]}')
    manifest = read_manifest(path)
    assert (manifest.clips, manifest.people) == (("ada", "bo"), ("ada", "bo"))


@pytest.mark.parametrize("content", ["{", "[]", '{"clips": {}}', '{"clips": 1, "people": []}'])
def test_something_else_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "clips.json").write_text(content)
    with pytest.raises(TableError, match="not a manifest of clips and people; run stage clips again"):
        read_manifest(tmp_path / "clips.json")


def test_a_missing_manifest_says_what_makes_it(tmp_path):
    with pytest.raises(TableError, match="no such manifest; run stage clips"):
        read_manifest(tmp_path / "clips.json")
