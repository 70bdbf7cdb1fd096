"""`make nightly`: many random sequences and kills, against a fresh build after each.

    python -m tests.sequences.nightly [--sequences 500] [--kills 300] [--workers 2] [--first 1000]

A failure is told as the story of what happened, with its seed; the status is then 1.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.engines.workspace import Workspace, make_project
from tests.sequences.project import Warm, play, storm

KILLS_A_STORM = 6


class Night:
    """Where everything lies, and what has come of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warm = Warm(folder / "warm")
        root = folder / "pristine"
        root.mkdir()
        self.pristine = make_project(root)
        self.finished = self.pristine.copy(folder / "finished")
        self.finished.snakemake()
        self.finished.ran()
        self.played = self.killed = 0
        self.failures: list[str] = []

    def sequence(self, seed: int) -> None:
        self._try(seed, f"sequence-{seed}", self.finished, storming=False)

    def storm(self, seed: int) -> None:
        self._try(seed, f"storm-{seed}", self.pristine, storming=True)

    def _try(self, seed: int, name: str, start: Workspace, *, storming: bool) -> None:
        root = self.folder / name / "project"
        root.parent.mkdir()
        try:
            if storming:
                self.killed += storm(start, root, self.warm, seed=seed, kills=KILLS_A_STORM)
            else:
                play(start, root, self.warm, seed=seed)
                self.played += 1
            shutil.rmtree(root.parent)
        except AssertionError as error:
            self.failures.append(str(error))
            print(f"{error}\nleft at {root}", flush=True)


def progress(done: Iterator[None], night: Night, began: float) -> None:
    for number, _ in enumerate(done, start=1):
        if number % 20 == 0:
            minutes = (time.monotonic() - began) / 60
            words = f"{night.played} sequences, {night.killed} kills, {len(night.failures)} failures"
            print(f"{minutes:.0f} min: {words}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Random sequences and kills against fresh builds.")
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first", type=int, default=1000)
    wanted = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nightly-", ignore_cleanup_errors=True) as folder:
        night = Night(Path(folder))
        with ThreadPoolExecutor(wanted.workers) as pool:
            seeds = range(wanted.first, wanted.first + wanted.sequences)
            progress(pool.map(night.sequence, seeds), night, began)
            seed = wanted.first
            while night.killed < wanted.kills and len(night.failures) < 20:
                progress(pool.map(night.storm, range(seed, seed + 10)), night, began)
                seed += 10
        night.warm.stop()
    minutes = (time.monotonic() - began) / 60
    print(f"{night.played} sequences, {night.killed} kills in {minutes:.0f} min: {len(night.failures)} failures")
    return bool(night.failures)


if __name__ == "__main__":
    sys.exit(main())
