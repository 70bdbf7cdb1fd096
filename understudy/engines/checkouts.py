"""A commit in a folder of its own: its code, people and settings from git, its footage, and what DVC has stored of it.

Nothing here writes into the checkout it is called from, its dvc.lock or its cache.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from understudy.engines.recorded import md5_of
from understudy.engines.recording import DVC
from understudy.errors import EngineError

CACHE = "cache-of-the-checkout"
LOCK = "dvc.lock"
REQUIREMENTS = "envs/requirements.lock"
ONLY_HERE = ("UNDERSTUDY_PARAMS", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


def resolve(commit: str) -> str:
    """The full hash of a commit that this repository has. Raises EngineError when there is none of that name."""
    done = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    if done.returncode or not commit:
        raise EngineError(f"{commit or 'COMMIT'}: no such commit here; `git log` lists them, `git fetch` brings others")
    return done.stdout.strip()


def text_of(commit: str, path: str) -> str:
    """A file as the commit has it. Raises EngineError when it has none there."""
    done = _git("show", f"{commit}:{path}")
    if done.returncode:
        raise EngineError(f"commit {commit[:12]} has no {path}, so there is nothing to compare with")
    return done.stdout


def check_out(commit: str, folder: Path) -> None:
    """Make `folder` a clean git worktree of the commit; one that an interrupted run left there is gone on with.

    Raises EngineError when something else is there.
    """
    if folder.exists():
        if _git("rev-parse", "HEAD", at=folder).stdout.strip() != commit or not (folder / ".git").is_file():
            raise EngineError(f"{folder}: something else is there; remove it, or name another folder: INTO=...")
        done = _git("checkout", "--quiet", "--force", "--detach", commit, at=folder)
    else:
        folder.parent.mkdir(parents=True, exist_ok=True)
        done = _git("worktree", "add", "--quiet", "--force", "--detach", str(folder), commit)
    if done.returncode:
        raise EngineError(f"{folder}: git cannot make a worktree there: {' '.join(done.stderr.split())}")


def remove(folder: Path) -> None:
    """Remove a worktree and git's note of it."""
    _git("worktree", "remove", "--force", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    """What commands in a worktree see: the commit's own modules, and the packages of the environment that is in use."""
    kept = {name: value for name, value in os.environ.items() if name not in ONLY_HERE}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | {"PATH": path, "PYTHONPATH": str(folder.absolute()), "DVC_NO_ANALYTICS": "1"}


def differing_packages(lock: str) -> list[str]:
    """What this environment has otherwise than a requirements.lock asks ("av 18.1.0, not 17.0.0")."""
    found = []
    for line in lock.splitlines():
        name, pinned = (part.strip() for part in line.partition(" ;")[0].partition("==")[::2])
        if pinned and not name.startswith("#"):
            here = _installed(name)
            if here.partition("+")[0] != pinned.partition("+")[0]:
                found.append(f"{name} {here}, not {pinned}")
    return found


def connect(folder: Path) -> list[str]:
    """Let the worktree fetch from where this checkout could: the names of its sources, this checkout's cache first.

    Everything that is fetched is verified by its hash.
    """
    from dvc.config import Config
    from dvc.repo import Repo

    cache = cache_of_the_checkout()
    with Repo() as repo:
        remotes = {name: dict(values) for name, values in repo.config["remote"].items()}
        default = repo.config["core"].get("remote")
    remotes[CACHE] = {"url": str(cache)}
    with Config(dvc_dir=str(folder / ".dvc")).edit("local") as local:
        local["remote"] = {name: {**values, "verify": True} for name, values in remotes.items()}
    return [*([CACHE] if cache.is_dir() else []), *([default] if default else [])]


def pull(folder: Path, source: str, targets: Iterable[str] = ()) -> str | None:
    """Fetch from one source what it has of the commit; returns why it could not be asked, or None."""
    command = [*DVC, "pull", "--quiet", "--allow-missing", "--force", "--remote", source, *targets]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return " ".join(done.stderr.split()).removeprefix("ERROR: ") if done.returncode else None


def cache_of_the_checkout() -> Path:
    """Where this checkout keeps what DVC stores; it may be shared, and it may not be there yet."""
    from dvc.repo import Repo

    with Repo() as repo:
        return Path(repo.cache.local_cache_dir)


def stored_in(cache: Path, md5: str) -> Path | None:
    """The file of a DVC cache that has this MD5, or None."""
    file = cache / "files/md5" / md5[:2] / md5[2:]
    return file if file.is_file() else None


def tracked_by_dvc(folder: Path) -> list[str]:
    """The commit's .dvc files: data that was added rather than made, such as footage."""
    return _git("ls-files", "*.dvc", at=folder).stdout.split()


def bring_footage(folder: Path, given: Mapping[str, str]) -> None:
    """Link into the worktree what the commit was given and git does not have, from this checkout, if it is the same.

    Raises EngineError naming the first file that is not to be had.
    """
    for path, md5 in given.items():
        there, here = folder / path, Path(path)
        if there.exists():
            continue
        if not here.exists() or md5_of(here) != md5:
            found = "is another file here" if here.exists() else "is not here either"
            raise EngineError(
                f"{path}: not in git, not stored by DVC, and {found}; put the one with MD5 {md5} there and run again"
            )
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(here.absolute())


def changed_since_recorded(folder: Path, given: Mapping[str, str]) -> list[str]:
    """The files that the commit has otherwise than its own dvc.lock recorded: it was committed before it was run."""
    return [path for path, md5 in given.items() if (folder / path).exists() and md5_of(folder / path) != md5]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"


def _git(*arguments: str, at: Path | None = None) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name not in ONLY_HERE}
    return subprocess.run(["git", *arguments], cwd=at, env=kept, check=False, capture_output=True, text=True)
