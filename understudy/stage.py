"""What every stage script shares: flags from the signature of `main`, settings from params.yaml, one-line errors.

A stage ends with `if __name__ == "__main__": run(main)`. Its keyword-only arguments annotated `Path` become required
flags (`--frames data/frames/ada.parquet`), those annotated `list[Path]` flags that take several values, those
annotated `str` plain flags; the argument `settings` is read from the section of params.yaml that is named as the script
(`look` for shots, since `shots` there says which are to be made). What changes no artifact comes from the environment:

    UNDERSTUDY_THREADS   CPU threads to use (OMP_NUM_THREADS, which Snakemake sets, or all cores when unset)
    UNDERSTUDY_DEVICE    cpu, cuda or cuda:N (cuda when there is one, when unset)
    UNDERSTUDY_CPU       native, or shared (when unset): see understudy/arithmetic.py
    UNDERSTUDY_DEBUG     1 shows the traceback of an error
"""

import argparse
import errno
import fcntl
import hashlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic  # read for the log alone, never for an artifact
from typing import TypeVar, get_type_hints

from tqdm import tqdm

from understudy.arithmetic import check_choice
from understudy.errors import EngineError, SettingsError, UnderstudyError
from understudy.params import Settings, read_section

Item = TypeVar("Item")
LOG_EVERY_S = 10.0
RUNNING = Path(".understudy/running")
SECTIONS = {"shots": "look"}


def run(main: Callable[..., None], arguments: list[str] | None = None) -> None:
    """Call a stage's `main` with what the command line and params.yaml say; exits with 1 after a one-line error."""
    name = Path(inspect.getfile(main)).stem
    began = monotonic()
    try:
        check_choice()
        values = _arguments(main, name, arguments)
        with alone(name, values):
            main(**values)
        print(f"{name}: {_output(values)} made in {monotonic() - began:.1f} s", file=sys.stderr)
    except UnderstudyError as error:
        _fail(name, str(error))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise
        _fail(
            name,
            f"{error.filename or 'output'}: {error.strerror}; nothing was changed, make room and run again",
        )


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


@contextmanager
def alone(name: str, values: Mapping[str, object]) -> Iterator[None]:
    """No other process makes the same artifact while the block lasts, whichever engine started it.

    The lock goes with the process, so that nothing is left of it after a kill. Raises EngineError when one is at work.
    """
    made = hashlib.sha256(f"{name} {_output(values)}".encode())
    path = RUNNING / made.hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(f"{_output(values)}: another process is making it; wait for that, or end it") from None
        yield


def _output(values: Mapping[str, object]) -> object:
    """The last path among a stage's arguments: inputs come first."""
    return [value for value in values.values() if isinstance(value, Path)][-1]


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
        elif argument != "settings":
            raise TypeError(f"main of {name}: {argument} must be a Path, list[Path], str or settings")
    values = vars(parser.parse_args(arguments))
    section = hints.get("settings")
    if isinstance(section, type) and issubclass(section, Settings):
        values["settings"] = read_section(section, SECTIONS.get(name, name))
    return values


def _logged(items: Iterable[Item], *, total: int | None, description: str, unit: str) -> Iterator[Item]:
    last = monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        if monotonic() - last >= LOG_EVERY_S:
            last = monotonic()
            print(
                f"{description}: {count}{f' of {total}' if total else ''} {unit}s",
                file=sys.stderr,
                flush=True,
            )


def _fail(name: str, message: str) -> None:
    if os.environ.get("UNDERSTUDY_DEBUG") == "1":
        traceback.print_exc()
    print(f"{name}: {message}", file=sys.stderr)
    sys.exit(1)
