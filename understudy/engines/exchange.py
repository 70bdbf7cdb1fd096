"""`python -m understudy.engines.exchange push` or `pull`: artifacts to and from DVC's remote, and what is left to do.

Pushing refuses while anything is not as dvc.lock records it, since others would fetch something else than is here.
Pulling tells Snakemake what came. Both end in one line: how many files went over, and whether anything is to compute.
"""

import argparse
import os
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.engines import runs
from understudy.engines.accept import settle
from understudy.engines.leftovers import remove_leftovers
from understudy.engines.project import one_line_errors
from understudy.engines.recording import DVC
from understudy.engines.speech import some
from understudy.errors import EngineError

if TYPE_CHECKING:
    from dvc.repo import Repo


def push(*, remote: str | None, jobs: int | None) -> str:
    """Send to the remote what dvc.lock records and it does not have; says how much that was.

    Raises EngineError when something is not as recorded, or the remote cannot be reached.
    """
    runs.refuse_other()
    changed = settle()
    if changed:
        raise EngineError(f"push: not as dvc.lock records: {some(changed)}; run `snakemake` first")
    with _connected(remote) as repo:
        _store(_unstored(repo))
        sent = repo.push(remote=remote, jobs=jobs)
    return f"push: {_files(sent)} sent; with this commit's dvc.lock `make pull` fetches all artifacts"


def pull(*, remote: str | None, jobs: int | None) -> str:
    """Fetch what dvc.lock records, and tell Snakemake; says how much that was.

    Raises EngineError when the remote cannot be reached or lacks something, or another run is at work here.
    """
    runs.refuse_other()
    with _connected(remote) as repo:
        fetched = _files(repo.pull(remote=remote, jobs=jobs, allow_missing=True)["stats"]["fetched"])
        absent = _absent(repo)
    remove_leftovers()
    left = sorted({*settle(), *absent})
    if left:
        raise EngineError(f"pull: {fetched} fetched; not as dvc.lock records: {some(left)}; `snakemake` makes them")
    return f"pull: {fetched} fetched; every artifact is what dvc.lock says, nothing to compute"


def _connected(remote: str | None) -> "Repo":
    """The repository. Raises EngineError when it has no remote."""
    from dvc.repo import Repo

    repo = Repo()
    if not (remote or repo.config["core"].get("remote")):
        raise EngineError(
            "no remote is configured; `dvc remote add --default NAME PLACE` adds one, see docs/remotes.md"
        )
    return repo


def _unstored(repo: "Repo") -> list[str]:
    """The stages with artifacts that lie here and have gone from the cache; DVC would leave them out in silence."""
    return [stage.addressing for stage in repo.index.stages if any(out.changed_cache() for out in stage.outs)]


def _absent(repo: "Repo") -> list[str]:
    """The stages with artifacts that do not lie here."""
    return [stage.addressing for stage in repo.index.stages if not all(out.exists for out in stage.outs)]


def _store(stages: Sequence[str]) -> None:
    """Put artifacts into the cache again; never forced, so that only what dvc.lock says can get there."""
    if stages:
        command = [*DVC, "commit", "--quiet", "--no-relink", *stages]
        done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise EngineError(f"push: {some(stages)} cannot be stored: {' '.join(done.stderr.split())}")


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def main() -> None:
    """Push or pull, and say in a line what went over."""
    from dvc.exceptions import DvcException

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("verb", choices=["push", "pull"])
    parser.add_argument("--remote", help="one of `dvc remote list`, rather than the default")
    parser.add_argument("--jobs", type=int, help="transfers at once")
    options = parser.parse_args()
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    try:
        print((push if options.verb == "push" else pull)(remote=options.remote, jobs=options.jobs))
    except (DvcException, OSError) as error:
        raise EngineError(f"{options.verb}: {' '.join(str(error).split())}") from error


if __name__ == "__main__":
    with one_line_errors():
        main()
