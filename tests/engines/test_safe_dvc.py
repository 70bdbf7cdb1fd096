"""DVC's own files: written whole, and dvc.lock as plain as DVC writes it."""

from collections import OrderedDict
from pathlib import Path

import pytest
import yaml
from dvc import dvcfile, rwlock
from dvc.utils.serialize import _common, _json, _yaml

from understudy.engines.safe_dvc import WholeFiles, mend
from understudy.errors import EngineError

LOCK = {"schema": "2.0", "stages": {"b": {"md5": "12345678901234567890123456789e12", "x": 1e-07}, "a": {"deps": []}}}


@pytest.fixture
def _mended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for module in (_common, _json, _yaml):
        monkeypatch.setattr(module, "_dump_data", _common._dump_data)
    for module, name in ((rwlock, "_edit_rwlock"), (rwlock, "rwlock"), (dvcfile, "modify_yaml")):
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.chdir(tmp_path)
    mend()


def test_a_file_that_fails_half_way_stays_as_it_was(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(EngineError), WholeFiles(None).open(str(path), "w") as file:
        file.write("half")
        raise EngineError("killed")
    assert path.read_text() == "before"


@pytest.mark.usefixtures("_mended")
def test_the_lock_file_is_plain_in_the_order_of_its_stages_and_reads_back():
    with dvcfile.modify_yaml("dvc.lock") as content:
        content.update(LOCK)
        content["stages"]["c"] = OrderedDict(cmd="run", outs=[OrderedDict(path="p", size=1)])
    text = Path("dvc.lock").read_text()
    assert "!!" not in text
    assert list(yaml.safe_load(text)["stages"]) == ["b", "a", "c"]
    with dvcfile.modify_yaml("dvc.lock") as content:
        assert content["stages"]["b"] == LOCK["stages"]["b"]
        assert content["stages"]["c"] == {"cmd": "run", "outs": [{"path": "p", "size": 1}]}


@pytest.mark.usefixtures("_mended")
def test_a_change_of_the_lock_file_that_fails_changes_nothing():
    with dvcfile.modify_yaml("dvc.lock") as content:
        content.update(LOCK)
    before = Path("dvc.lock").read_text()
    with pytest.raises(EngineError), dvcfile.modify_yaml("dvc.lock") as content:
        content.clear()
        raise EngineError("killed")
    assert Path("dvc.lock").read_text() == before
