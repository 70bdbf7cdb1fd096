"""DVC's own files: written whole, and dvc.lock as plain as DVC writes it."""

from collections import OrderedDict
from pathlib import Path

import pytest
import yaml
from dvc import dvcfile, rwlock
from dvc.utils import strictyaml
from dvc.utils.serialize import _common, _json, _yaml

from understudy.engines.safe_dvc import WholeFiles, _held, _replacing, mend
from understudy.errors import EngineError

LOCK = {"schema": "2.0", "stages": {"b": {"md5": "12345678901234567890123456789e12", "x": 1e-07}, "a": {"deps": []}}}


@pytest.fixture
def _mended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for module in (_common, _json, _yaml):
        monkeypatch.setattr(module, "_dump_data", _common._dump_data)
    patched = [(rwlock, "_edit_rwlock"), (rwlock, "rwlock"), (dvcfile, "modify_yaml"), (strictyaml, "parse_yaml")]
    for module, name in patched:
        monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.chdir(tmp_path)
    mend()


@pytest.mark.parametrize("write", [_replacing, _held])
def test_a_file_that_fails_half_way_stays_as_it_was(tmp_path: Path, write):
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(EngineError), WholeFiles(None, write=write).open(str(path), "w") as file:
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


@pytest.mark.usefixtures("_mended")
def test_the_list_of_locks_is_there_while_one_is_held(tmp_path: Path):
    held = tmp_path / "rwlock"
    files = WholeFiles(None, write=_held)
    with files.open(str(held), "w") as file:
        file.write('{"read": {"data": []}, "write": {}}')
    assert held.read_text() == '{"read": {"data": []}, "write": {}}'
    with files.open(str(held), "w") as file:
        file.write('{"read": {}, "write": {}}')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_mended")
def test_a_lock_file_that_is_read_again_gives_a_content_of_its_own():
    with dvcfile.modify_yaml("dvc.lock") as content:
        content.update(LOCK)
    first, _ = strictyaml.load("dvc.lock")
    first["stages"].clear()
    assert strictyaml.load("dvc.lock")[0] == LOCK
    with dvcfile.modify_yaml("dvc.lock") as content:
        content["stages"]["c"] = {"cmd": "run"}
    assert list(strictyaml.load("dvc.lock")[0]["stages"]) == ["b", "a", "c"]


@pytest.mark.usefixtures("_mended")
@pytest.mark.parametrize("value", ["2026-11-21", "{1: 2}", "[.nan]"])
def test_a_lock_file_with_what_json_does_not_know_is_read_as_dvc_reads_it(value: str):
    Path("dvc.lock").write_text(f"stages: {value}\n")
    expected = yaml.safe_load(f"stages: {value}\n")
    for _ in range(2):
        assert repr(strictyaml.load("dvc.lock")[0]) == repr(expected)
