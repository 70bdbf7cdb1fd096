"""`python -m understudy.engines.reproduce COMMIT`: make a commit's artifacts again, and compare them with its dvc.lock.

The commit is checked out into a folder of its own. What DVC has stored of it is fetched and verified, the rest is
built from footage by the commit's own code; with `--fresh` everything is. Ends with status 0 when all artifacts are
what dvc.lock says. Only then is the folder removed, unless it is to be kept.
"""

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from understudy.engines import checkouts
from understudy.engines.project import one_line_errors
from understudy.engines.recorded import EQUAL, Artifact, Verdict, compare, read_lock
from understudy.engines.speech import some
from understudy.errors import EngineError

FOLDER = Path(".understudy/reproduce")
REPORT = Path(".understudy/reproduced.txt")


def reproduce(commit: str, *, into: Path | None, fresh: bool, keep: bool, profile: str | None) -> bool:
    """Whether every artifact of the commit could be had again; prints the table.

    Raises EngineError when the commit, its dvc.lock or its footage is not to be had.
    """
    commit = checkouts.resolve(commit)
    artifacts, given = read_lock(checkouts.text_of(commit, checkouts.LOCK), where=f"{checkouts.LOCK} of {commit[:12]}")
    folder = into or FOLDER / f"{commit[:12]}{'-fresh' if fresh else ''}"
    if (folder / REPORT).exists():
        checkouts.remove(folder)  # one that ended; one that was interrupted is gone on with
    checkouts.check_out(commit, folder)
    warn(folder, given)
    fetch(folder, fresh=fresh)
    checkouts.bring_footage(folder, given)
    fetched = {artifact.path for artifact in artifacts if (folder / artifact.path).exists()}
    complaint = build(folder, profile=profile)
    cache = checkouts.cache_of_the_checkout()
    verdicts = compare(artifacts, root=folder, stored=lambda md5: checkouts.stored_in(cache, md5))
    equal = all(verdict in EQUAL for _, verdict in verdicts)
    report = table(verdicts, fetched) + summary(commit, [verdict for _, verdict in verdicts])
    print(report, end="")
    tidy(folder, report, keep=keep or not equal)
    if complaint:
        raise EngineError(complaint)
    return equal


def warn(folder: Path, given: Mapping[str, str]) -> None:
    """Say in a line each what may make a difference: other packages, and code that dvc.lock does not know."""
    lock = folder / checkouts.REQUIREMENTS
    packages = checkouts.differing_packages(lock.read_text(encoding="utf-8")) if lock.is_file() else []
    if packages:
        say(f"warning: this environment is not the commit's {checkouts.REQUIREMENTS}: {some(packages)}")
    changed = checkouts.changed_since_recorded(folder, given)
    if changed:
        say(f"warning: the commit's dvc.lock was recorded with other files than it has: {some(changed)}")


def fetch(folder: Path, *, fresh: bool) -> None:
    """Fetch what DVC has stored: everything, or only what was given where all is to be built afresh."""
    targets = checkouts.tracked_by_dvc(folder) if fresh else []
    if fresh and not targets:
        return
    for source in checkouts.connect(folder):
        why = checkouts.pull(folder, source, targets)
        if why:
            say(f"warning: not everything could be fetched from {source}: {why}")


def build(folder: Path, *, profile: str | None) -> str | None:
    """Run what is missing with the commit's own code; what to say when that failed, or None."""
    command = [sys.executable, "-m", "snakemake", *(["--workflow-profile", profile] if profile else [])]
    done = subprocess.run(command, cwd=folder, env=checkouts.environment(folder), check=False)
    return f"snakemake ended with status {done.returncode} in {folder}; see above" if done.returncode else None


def table(verdicts: Sequence[tuple[Artifact, Verdict]], fetched: set[str]) -> str:
    """Stage, artifact, whether it was fetched or made, and what became of it; a line each."""
    rows = [
        (artifact.stage, artifact.path, _origin(artifact, verdict, fetched), verdict) for artifact, verdict in verdicts
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in padded)


def summary(commit: str, verdicts: Sequence[Verdict]) -> str:
    """How many artifacts had which verdict."""
    counts = {verdict: verdicts.count(verdict) for verdict in verdicts}
    said = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    return f"reproduce: {commit[:12]}: {len(verdicts)} artifacts: {said}\n"


def tidy(folder: Path, report: str, *, keep: bool) -> None:
    """Remove the folder, or leave the report in it and say where it is."""
    if keep:
        (folder / REPORT).parent.mkdir(parents=True, exist_ok=True)
        (folder / REPORT).write_text(report, encoding="utf-8")
        say(f"kept in {folder}")
    else:
        checkouts.remove(folder)


def say(line: str) -> None:
    """One line on standard error."""
    print(f"reproduce: {line}", file=sys.stderr, flush=True)


def _origin(artifact: Artifact, verdict: Verdict, fetched: set[str]) -> str:
    if verdict == "missing":
        return "-"
    return "fetched" if artifact.path in fetched else "made"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make reproduce", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("commit", nargs="?", default="", help="a commit, branch or tag")
    parser.add_argument("--fresh", action="store_true", help="build everything from footage, fetch nothing")
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    parser.add_argument("--into", type=Path, help=f"the folder, rather than one below {FOLDER}")
    parser.add_argument("--profile", help="a Snakemake workflow profile, rather than the commit's default")
    return parser.parse_args()


if __name__ == "__main__":
    with one_line_errors():
        same = reproduce(**vars(_options()))
    sys.exit(not same)
