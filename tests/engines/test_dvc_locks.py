"""DVC's locks on a stage's files, asked for once."""

import json
import os
from pathlib import Path

import pytest
from dvc.fs import localfs
from dvc.lock import LockError
from dvc.rwlock import rwlock

from understudy.engines.dvc_locks import reentrant

taking = reentrant(rwlock)


def test_what_is_held_is_not_asked_for_again(tmp_path: Path):
    with _taken(tmp_path, read=["deps"], write=["outs"]):
        (tmp_path / "rwlock").unlink()
        with _taken(tmp_path, read=["deps"]), _taken(tmp_path, write=["outs"]), _taken(tmp_path, read=["outs"]):
            assert not (tmp_path / "rwlock").exists()
        (tmp_path / "rwlock").write_text(json.dumps({"write": {"outs": _claim()}, "read": {"deps": [_claim()]}}))
    assert _locks(tmp_path) == {}


def test_more_than_is_held_is_asked_for_and_given_back(tmp_path: Path):
    with _taken(tmp_path, read=["deps"]):
        with _taken(tmp_path, write=["deps"]):
            assert list(_locks(tmp_path)["write"]) == ["deps"]
        assert list(_locks(tmp_path)) == ["read"]
    with _taken(tmp_path, read=["deps"]):
        assert list(_locks(tmp_path)["read"]) == ["deps"]


def test_what_another_process_holds_is_not_given(tmp_path: Path):
    other = {"pid": os.getppid(), "cmd": "dvc repro"}
    (tmp_path / "rwlock").write_text(json.dumps({"write": {"outs": other}, "read": {}}))
    with pytest.raises(LockError), _taken(tmp_path, write=["outs"]):
        pass
    with pytest.raises(LockError), _taken(tmp_path, read=["outs"]):
        pass


def _taken(folder: Path, *, read: tuple | list = (), write: tuple | list = ()):
    return taking(str(folder), localfs, "dvc status", list(read), list(write), False)


def _locks(folder: Path) -> dict[str, dict]:
    return json.loads((folder / "rwlock").read_text())


def _claim() -> dict:
    return {"pid": os.getpid(), "cmd": "dvc status"}
