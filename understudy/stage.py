"""What every stage script shares: flags from the signature of `main`, settings from params.yaml, one-line errors.

A stage ends with `if __name__ == "__main__": run(main)`. Its keyword-only arguments annotated `Path` become required
flags (`--frames data/frames/ada.parquet`), those annotated `list[Path]` flags that take several values, those
annotated `str` plain flags; the argument `settings` is read from the section of params.yaml that is named as the script
(`look` for shots, since `shots` there says which are to be made). A stage with the argument `pieces` takes an optional
`--share 3/8`: it then makes that share of its pieces and no artifact (see understudy/pieces.py). What changes no
artifact comes from the environment:

    UNDERSTUDY_THREADS   CPU threads to use (OMP_NUM_THREADS, which Snakemake sets, or all cores when unset)
    UNDERSTUDY_DEVICE    cpu, cuda, cuda:N, or several to train on as cuda:0,cuda:1 (when unset, CUDA if there is any)
    UNDERSTUDY_PROCESSES processes that train together (one for each CUDA device that may be used, or 1, when unset)
    UNDERSTUDY_CPU       native, or shared (when unset): see understudy/arithmetic.py
    UNDERSTUDY_DEBUG     1 shows the traceback of an error

SIGTERM and Ctrl-C end a stage in order: temporary files vanish, a line says so, the status is 143 or 130. What the
machine lacks (room, permission, memory) is one line too. Under torchrun (RANK, WORLD_SIZE) only the first process talks
of what was made.
"""

import argparse
import fcntl
import hashlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic  # read for the log alone, never for an artifact
from typing import TypeVar, get_type_hints

from tqdm import tqdm

from understudy.arithmetic import check_choice
from understudy.endings import Ended, mendable, orderly, say
from understudy.errors import EngineError, SettingsError, UnderstudyError
from understudy.params import Settings, read_section
from understudy.recipes import confirm
from understudy.sharing import Pieces, parse_share

Item = TypeVar("Item")
LOG_EVERY_S = 10.0
RUNNING = Path(".understudy/running")
SECTIONS = {"shots": "look"}


def run(main: Callable[..., None], arguments: list[str] | None = None) -> None:
    """Call a stage's `main` with what the command line and params.yaml say; exits with 1 after a one-line error."""
    name = Path(inspect.getfile(main)).stem
    began = monotonic()
    output: object = "command line"
    try:
        check_choice()
        with orderly():
            values = _arguments(main, name, arguments)
            output = _output(values)
            with alone(name, values):
                confirm(name)
                main(**values)
                confirm(name)
        if rank() == 0:
            say(f"{name}: {output} made in {monotonic() - began:.1f} s")
    except UnderstudyError as error:
        _fail(name, str(error))
    except Ended as end:
        say(f"{name}: {output}: {end}; run again to go on")
        sys.exit(end.status)
    except Exception as error:
        words = mendable(error, output)
        if words is None:
            raise
        _fail(name, words)


def progress(items: Iterable[Item], *, total: int | None, description: str, unit: str = "frame") -> Iterator[Item]:
    """`items` unchanged, with a progress bar on a terminal and a plain line now and then in a log."""
    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=description, unit=f" {unit}", dynamic_ncols=True, leave=False)
    else:
        yield from _logged(items, total=total, description=description, unit=unit)


def threads() -> int:
    """The number of CPU threads this process may use."""
    for variable in ("UNDERSTUDY_THREADS", "OMP_NUM_THREADS"):
        wanted = os.environ.get(variable, "")
        if wanted:
            if not wanted.isdecimal() or int(wanted) < 1:
                raise SettingsError(f"{variable}: {wanted!r} is not a number from 1; unset it to use all cores")
            return int(wanted)
    return len(os.sched_getaffinity(0))


def rank() -> int:
    """The place of this process among those that torchrun started; 0 when it did not start it."""
    return int(os.environ["RANK"]) if "WORLD_SIZE" in os.environ else 0


@contextmanager
def alone(name: str, values: Mapping[str, object]) -> Iterator[None]:
    """No other process makes the same artifact while the block lasts, whichever engine started it.

    The lock goes with the process, so that nothing is left of it after a kill. Raises EngineError when one is at work.
    """
    made = hashlib.sha256(f"{name} {_output(values)}{f' {rank()}' * bool(rank())}".encode())
    path = RUNNING / made.hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(f"{_output(values)}: another process is making it; wait for that, or end it") from None
        yield


def _output(values: Mapping[str, object]) -> object:
    """The last path among a stage's arguments, since inputs come first, or which share of it is made."""
    output = [value for value in values.values() if isinstance(value, Path)][-1]
    pieces = values.get("pieces")
    return f"share {pieces.share} of {output}" if isinstance(pieces, Pieces) and pieces.share else output


def _arguments(main: Callable[..., None], name: str, arguments: list[str] | None) -> dict[str, object]:
    hints = get_type_hints(main)
    parser = argparse.ArgumentParser(prog=f"stages/{name}.py", description=inspect.getdoc(main), allow_abbrev=False)
    for argument in inspect.signature(main).parameters:
        kind = hints[argument]
        flag = f"--{argument.replace('_', '-')}"
        if kind is Path:
            parser.add_argument(flag, type=Path, required=True)
        elif kind == list[Path]:
            parser.add_argument(flag, type=Path, required=True, nargs="+")
        elif kind is str:
            parser.add_argument(flag, required=True)
        elif argument != "settings" and kind is not Pieces:
            raise TypeError(f"main of {name}: {argument} must be a Path, list[Path], str, Pieces or settings")
    parser.add_argument("--share", help="make only this share of the pieces, say 3/8, and no artifact")
    values = vars(parser.parse_args(arguments))
    values |= _pieces(main, name, values.pop("share"))
    section = hints.get("settings")
    if isinstance(section, type) and issubclass(section, Settings):
        values["settings"] = read_section(section, SECTIONS.get(name, name))
    return values


def _pieces(main: Callable[..., None], name: str, share: str | None) -> dict[str, Pieces]:
    """The argument `pieces` of a stage when one share is asked for; its own default makes all."""
    if share is None:
        return {}
    parameter = inspect.signature(main).parameters.get("pieces")
    if parameter is None:
        raise SettingsError(f"--share {share}: this stage makes its artifact in one go; leave --share away")
    return {"pieces": replace(parameter.default, share=parse_share(share))}


def _logged(items: Iterable[Item], *, total: int | None, description: str, unit: str) -> Iterator[Item]:
    last = monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        if monotonic() - last >= LOG_EVERY_S:
            last = monotonic()
            say(f"{description}: {count}{f' of {total}' if total else ''} {unit}s")


def _fail(name: str, message: str) -> None:
    if os.environ.get("UNDERSTUDY_DEBUG") == "1":
        traceback.print_exc()
    say(f"{name}: {message}")
    sys.exit(1)
