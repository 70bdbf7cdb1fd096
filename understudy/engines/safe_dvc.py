"""`python -m understudy.engines.safe_dvc`, which is `dvc` in this environment: DVC, safe to be killed, and quick.

DVC writes dvc.lock and its list of locks in place; killed in that moment it leaves half of them, and no later command
works until a person has removed them. Here they are written beside and renamed. It also reads dvc.lock twice in each
command, and reads and writes it for every stage it runs, with a parser that keeps comments, of which there are none;
here once, and with the parser in C, a quarter of the time. This is DVC's inside, not its interface; requirements.lock
pins the version and the tests hold it.
"""

import json
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from io import StringIO
from typing import TextIO

from understudy.engines.dvc_locks import take_locks_once
from understudy.engines.leftovers import remove_leftovers

Write = Callable[[str, str], AbstractContextManager[TextIO]]
Parse = Callable[[str, str, str], dict[str, object]]
Modify = Callable[..., AbstractContextManager[dict[str, object]]]


class WholeFiles:
    """A file system of DVC's, or this machine's, whose text files are written as a whole by `write`."""

    def __init__(self, below: object, *, write: Write) -> None:
        self._below = below
        self._write = write

    def __getattr__(self, name: str) -> object:
        return getattr(self._below, name)

    def open(self, path: str, mode: str = "r", encoding: str = "utf-8") -> AbstractContextManager[TextIO]:
        """The file opened for reading, or one that takes its place when it is closed well."""
        if "w" in mode:
            return self._write(os.fspath(path), encoding)
        opened: Callable[..., AbstractContextManager[TextIO]] = getattr(self._below, "open", open)
        return opened(path, mode, encoding=encoding)


def mend() -> None:
    """Let DVC, in this process, write its own files as a whole, and dvc.lock quickly."""
    from dvc import dvcfile, rwlock
    from dvc.utils import strictyaml
    from dvc.utils.serialize import _common, _json, _yaml

    dump, edit = _common._dump_data, rwlock._edit_rwlock

    def dump_whole(path: str, data: object, dumper: object, fs: object = None, **options: object) -> None:
        dump(path, data, dumper, fs=WholeFiles(fs, write=_replacing), **options)

    def edit_whole(folder: str, fs: object, hardlink: bool) -> AbstractContextManager[object]:
        edited: AbstractContextManager[object] = edit(folder, WholeFiles(fs, write=_held), hardlink)
        return edited

    for module in (_common, _json, _yaml):
        module._dump_data = dump_whole
    rwlock._edit_rwlock = edit_whole
    dvcfile.modify_yaml = _modify_lock(dvcfile.modify_yaml)
    strictyaml.parse_yaml = _parse_lock_once(strictyaml.parse_yaml)
    take_locks_once()


def _modify_lock(modify: Modify) -> Modify:
    """DVC's `modify_yaml`, which for a lock file does not look for comments."""

    @contextmanager
    def modify_quickly(path: str, fs: object = None) -> Iterator[dict[str, object]]:
        if not os.fspath(path).endswith(".lock"):
            with modify(path, fs) as content:
                yield content
            return
        from ruamel.yaml import YAML

        yaml = YAML(typ="safe")
        yaml.default_flow_style = False
        yaml.Representer.add_representer(OrderedDict, yaml.Representer.represent_dict)
        yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
        content = _loaded(yaml.load, os.fspath(path))
        yield content
        with _replacing(os.fspath(path), "utf-8") as file:
            yaml.dump(content, file)

    return modify_quickly


def _parse_lock_once(parse: Parse) -> Parse:
    """DVC's `parse_yaml`, which reads the same dvc.lock but once; each caller gets a content of its own."""
    read: dict[str, str] = {}

    def parse_once(text: str, path: str, typ: str = "safe") -> dict[str, object]:
        if typ != "safe" or not os.fspath(path).endswith(".lock"):
            return parse(text, path, typ)
        if text in read:
            content: dict[str, object] = json.loads(read[text])
            return content
        content = parse(text, path, typ)
        read.clear()
        with suppress(TypeError):  # a value that JSON does not know
            kept = json.dumps(content)
            if json.loads(kept) == content:
                read[text] = kept
        return content

    return parse_once


def _loaded(load: Callable[[str], dict[str, object] | None], path: str) -> dict[str, object]:
    if not os.path.exists(path):  # noqa: PTH110
        return {}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return load(file.read()) or {}


@contextmanager
def _replacing(path: str, encoding: str) -> Iterator[TextIO]:
    temporary = f"{path}.partial"
    with open(temporary, "w", encoding=encoding) as file:  # noqa: PTH123, DVC has plain text for a path
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)  # noqa: PTH105


@contextmanager
def _held(path: str, encoding: str) -> Iterator[TextIO]:
    """The list of locks, which need not outlast the machine's power; no file while none is held.

    To replace a file that is there costs a millisecond, many times what making one and removing it does.
    """
    text = StringIO()
    yield text
    if any(json.loads(text.getvalue()).values()):
        temporary = f"{path}.partial"
        with open(temporary, "w", encoding=encoding) as file:  # noqa: PTH123
            file.write(text.getvalue())
        os.replace(temporary, path)  # noqa: PTH105
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108


def main(words: list[str]) -> int:
    """What `dvc` with these words does, on a project without leftovers of another commit; its exit status."""
    from dvc.cli import main as run_dvc

    mend()
    if words[:1] == ["repro"] or words[:2] == ["exp", "run"]:
        remove_leftovers()
    status: int = run_dvc(words)
    if words[:1] in (["checkout"], ["pull"]):
        remove_leftovers()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
