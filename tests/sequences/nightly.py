"""`make nightly`: many random sequences and kills, against a fresh build after each.

    python -m tests.sequences.nightly [--sequences 500] [--kills 300] [--real-kills 40] [--workers 2] [--first 1000]

Stand-ins take the stages' places, but for the real kills, which meet the real stages at work on the tiny project.

A failure is told as the story of what happened, with its seed; the status is then 1.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.engines.workspace import make_project, make_tiny
from tests.sequences.project import Warm, play, storm
from tests.sequences.real import storm_of_stages

KILLS_A_STORM = 6
REAL_KILLS_A_STORM = 10
TOO_MANY = 20  # failures: there is no use in going on


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
        self.tiny = make_tiny(folder / "tiny")
        self.undisturbed = self.tiny.copy(folder / "undisturbed")
        self.undisturbed.snakemake()
        self.played = self.killed = self.really_killed = 0
        self.failures: list[str] = []

    def sequence(self, seed: int) -> None:
        """Play a random sequence."""
        with self._folder(f"sequence-{seed}") as root:
            play(self.finished, root, self.warm, seed=seed)
            self.played += 1

    def storm(self, seed: int) -> None:
        """Kill runs of stand-ins."""
        with self._folder(f"storm-{seed}") as root:
            self.killed += storm(self.pristine, root, self.warm, seed=seed, kills=KILLS_A_STORM)

    def storm_of_stages(self, seed: int) -> None:
        """Kill runs of real stages."""
        with self._folder(f"real-{seed}") as root:
            kills = REAL_KILLS_A_STORM
            self.really_killed += storm_of_stages(self.tiny, self.undisturbed, root, seed=seed, kills=kills)

    def words(self) -> str:
        """What has been done so far."""
        kills = f"{self.killed} kills, {self.really_killed} of real stages"
        return f"{self.played} sequences, {kills}, {len(self.failures)} failures"

    @contextmanager
    def _folder(self, name: str) -> Iterator[Path]:
        root = self.folder / name / "project"
        root.parent.mkdir()
        try:
            yield root
            shutil.rmtree(root.parent)
        except AssertionError as error:
            self.failures.append(str(error))
            print(f"{error}\nleft at {root}", flush=True)


def progress(done: Iterator[None], night: Night, began: float) -> None:
    for number, _ in enumerate(done, start=1):
        if number % 10 == 0:
            print(f"{(time.monotonic() - began) / 60:.0f} min: {night.words()}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Random sequences and kills against fresh builds.")
    parser.add_argument("--sequences", type=int, default=500)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--real-kills", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first", type=int, default=1000)
    wanted = parser.parse_args()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="nightly-"))
    night = Night(folder)
    with ThreadPoolExecutor(wanted.workers) as pool:
        seeds = range(wanted.first, wanted.first + wanted.sequences)
        progress(pool.map(night.sequence, seeds), night, began)
        for more in count(wanted.first, 10):
            if night.killed >= wanted.kills or len(night.failures) >= TOO_MANY:
                break
            progress(pool.map(night.storm, range(more, more + 10)), night, began)
        for more in count(wanted.first, wanted.workers):
            if night.really_killed >= wanted.real_kills or len(night.failures) >= TOO_MANY:
                break
            progress(pool.map(night.storm_of_stages, range(more, more + wanted.workers)), night, began)
    night.warm.stop()
    print(f"in {(time.monotonic() - began) / 60:.0f} min: {night.words()}")
    if not night.failures:
        shutil.rmtree(folder, ignore_errors=True)
    return bool(night.failures)


if __name__ == "__main__":
    sys.exit(main())
