"""Checkpoints: everything a killed training needs to go on as if nothing had happened.

One safetensors file each, tensors by name and the rest as JSON in its header, written beside and renamed, so that it is
whole or absent. They live outside the artifacts, in a folder named after all that decides the result; another
parameter, input or line of code is another folder.
"""

import fcntl
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from understudy.errors import ModelError
from understudy.files import replacing, sha256_of
from understudy.loaded import code_sha256

ROOT = Path(".understudy/checkpoints")
KEPT = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state after `step` steps: tensors by name, and plain facts."""

    step: int
    tensors: Mapping[str, torch.Tensor]
    facts: Mapping[str, object]


def checkpoint_folder(*, inputs: Sequence[Path], settings: object, root: Path = ROOT) -> Path:
    """The folder of the run that these inputs, settings, and the code as it is now loaded make."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(sha256_of(path).encode())
    digest.update(json.dumps(settings, sort_keys=True).encode())
    digest.update(torch.__version__.encode())
    digest.update(code_sha256().encode())
    return root / digest.hexdigest()[:32]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder, for one process alone. Raises ModelError when another one holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder.with_suffix(".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ModelError(f"{folder}: another process is training this very swapper; wait for it") from None
        yield


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> int:
    """The checkpoint as a file of the folder, and its size in bytes; all but the newest two are removed.

    Raises ModelError when it cannot be written; those before are left.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    with replacing(folder / f"{checkpoint.step:09d}.safetensors") as temporary:
        try:
            save_file(tensors, temporary, metadata={"facts": json.dumps(checkpoint.facts)})  # rows keep their order
        except SafetensorError as error:
            raise ModelError(
                f"{folder}: the checkpoint of step {checkpoint.step} cannot be written ({error}); make room and run "
                "again, to go on from the one before"
            ) from error
    *others, newest = _files(folder)
    for old in others[: -KEPT + 1]:
        old.unlink()
    return newest.stat().st_size


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of the folder that can be read; None when there is none."""
    for path in reversed(_files(folder)):
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a map
                facts = json.loads((file.metadata() or {})["facts"])
        except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as error:
            print(f"{path}: not readable ({error}); trying the one before", file=sys.stderr)
            continue
        return Checkpoint(int(path.stem), tensors, facts)
    return None


def drop_checkpoints(folder: Path) -> None:
    """Nothing of the run left behind, once its result is safe."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_suffix(".lock").unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.safetensors") if path.stem.isdecimal())
