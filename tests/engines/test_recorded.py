"""What a dvc.lock says was made, and how a file that was made again compares with it."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.engines.recorded import Artifact, compare, md5_of, read_lock
from understudy.errors import EngineError
from understudy.payload import write_payloads

LOCK = """
schema: '2.0'
stages:
  code:
    cmd: python code.py
    deps: [{path: people, md5: aa.dir}, {path: stages/one.py, md5: bb}]
    outs: [{path: data/one.txt, md5: cc}]
  gather:
    cmd: python gather.py
    deps: [{path: data/one.txt, md5: cc}, {path: data, md5: dd.dir}]
    outs: [{path: data/two.txt, md5: ee}]
"""
PICTURE = "data/shots/bo.png"
NOWHERE = {}.get


def test_artifacts_are_told_from_what_was_given():
    made, given = read_lock(LOCK, where="dvc.lock")
    assert made == [Artifact("code", "data/one.txt", "cc"), Artifact("gather", "data/two.txt", "ee")]
    assert given == {"people": "aa.dir", "stages/one.py": "bb"}


@pytest.mark.parametrize("text", ["", "stages: [1]", "{", "stages: {one: {outs: [{md5: aa}]}}"])
def test_what_is_no_lock_is_one_line(text: str):
    with pytest.raises(EngineError, match=r"^dvc\.lock: not a dvc\.lock that can be read") as error:
        read_lock(text, where="dvc.lock")
    assert "\n" not in str(error.value)


def test_a_folder_has_the_hash_that_dvc_gives_it(tmp_path: Path):
    (tmp_path / "b/c").mkdir(parents=True)
    (tmp_path / "b/c/1.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    one, two = (hashlib.md5(text).hexdigest() for text in (b"one", b"two"))
    listed = [{"md5": one, "relpath": "b/c/1.txt"}, {"md5": two, "relpath": "b.txt"}]
    assert md5_of(tmp_path) == f"{hashlib.md5(json.dumps(listed).encode()).hexdigest()}.dir"


def test_signed_anew_is_equal_only_if_it_shows_what_was_recorded(tmp_path: Path):
    recorded = _made(tmp_path, signature=b"first")
    assert _verdicts(tmp_path, recorded) == ["equal", "equal"]
    _made(tmp_path, signature=b"second")
    assert _verdicts(tmp_path, recorded) == ["equal pictures, signed anew", "equal"]
    _draw(tmp_path / PICTURE, shade=9, signature=b"second")  # and the record beside it still says otherwise
    assert _verdicts(tmp_path, recorded) == ["different", "equal"]
    _made(tmp_path, signature=b"second", shade=9)
    assert _verdicts(tmp_path, recorded) == ["different", "different"]
    (tmp_path / PICTURE).unlink()
    assert _verdicts(tmp_path, recorded) == ["missing", "different"]


def test_without_a_record_of_what_it_shows_a_signed_file_needs_the_stored_one(tmp_path: Path):
    stored = tmp_path / "stored"
    recorded = _made(tmp_path, signature=b"first")[:1]
    stored.write_bytes((tmp_path / PICTURE).read_bytes())
    _made(tmp_path, signature=b"second")
    assert _verdicts(tmp_path, recorded) == ["not comparable"]
    assert _verdicts(tmp_path, recorded, {recorded[0].md5: stored}.get) == ["equal pictures, signed anew"]
    _draw(tmp_path / PICTURE, shade=9, signature=b"second")
    assert _verdicts(tmp_path, recorded, {recorded[0].md5: stored}.get) == ["different"]


def _made(root: Path, *, signature: bytes, shade: int = 7) -> list[Artifact]:
    picture = root / PICTURE
    _draw(picture, shade=shade, signature=signature)
    record = picture.with_suffix(".payload")
    write_payloads(record, [picture])
    return [Artifact("shots", file.relative_to(root).as_posix(), md5_of(file)) for file in (picture, record)]


def _draw(path: Path, *, shade: int, signature: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.full((4, 4, 3), shade, np.uint8))[1].tobytes() + signature)


def _verdicts(root: Path, recorded: list[Artifact], stored=NOWHERE) -> list[str]:
    return [verdict for _, verdict in compare(recorded, root=root, stored=stored)]
