"""Files that are whole or absent."""

import hashlib
from pathlib import Path

import pytest

from understudy.files import replacing, replacing_folder, sha256_of


def test_a_file_takes_its_place_when_the_block_ends_well(tmp_path: Path):
    path = tmp_path / "made" / "table.parquet"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.suffix == ".parquet"
        assert not path.exists()
    assert path.read_text() == "new"
    assert [file.name for file in path.parent.iterdir()] == ["table.parquet"]


def test_nothing_changes_when_the_block_fails(tmp_path: Path):
    path = tmp_path / "table.parquet"
    path.write_text("old")
    with pytest.raises(ValueError, match="stop"), replacing(path) as temporary:
        temporary.write_text("half")
        raise ValueError("stop")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["table.parquet"]


def test_a_folder_takes_the_place_of_an_older_one(tmp_path: Path):
    path = tmp_path / "swapper"
    path.mkdir()
    (path / "gone.txt").touch()
    with replacing_folder(path) as temporary:
        (temporary / "weights").write_text("new")
    assert [file.name for file in path.iterdir()] == ["weights"]
    assert [file.name for file in tmp_path.iterdir()] == ["swapper"]


def test_a_folder_stays_when_the_block_fails(tmp_path: Path):
    path = tmp_path / "swapper"
    path.mkdir()
    (path / "kept.txt").touch()
    with pytest.raises(ValueError, match="stop"), replacing_folder(path):
        raise ValueError("stop")
    assert [file.name for file in path.iterdir()] == ["kept.txt"]
    assert [file.name for file in tmp_path.iterdir()] == ["swapper"]


def test_the_checksum_is_that_of_the_bytes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
