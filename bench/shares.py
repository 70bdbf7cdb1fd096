"""How much sooner two shares of one clip are done than one process, measured in one run, and whether the bytes agree.

Takes the sample clip through faces, landmarks and embeddings in small pieces, each process on one core: once by one
process, once by two shares at the same time and the process that gathers them. Runs alternate, so that a machine that
changes its pace changes both. Start-up counts, once for one process and twice for shares, and the clip is 9 seconds
long: with long clips the ratio is nearer to that of the first column to the second.
"""

import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from understudy.files import sha256_of
from understudy.params import read_section
from understudy.sharing import Pieces, parse_share

FOOTAGE = Path("data/raw/ada.mp4")
INPUTS = {
    "frames": ("footage",),
    "faces": ("frames",),
    "landmarks": ("frames", "faces"),
    "embeddings": ("frames", "landmarks"),
}
PIECE_FRAMES = 20
ROUNDS = 3


def main() -> None:
    """Print, for each stage, the medians of both ways in seconds and the ratio of their sums."""
    Path(".understudy").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench.", dir=".understudy") as name:
        folder = Path(name)
        finished(begun("frames", folder))
        print(f"{'stage':12}{'one process':>14}{'two shares':>14}{'gathering':>14}{'ratio':>8}  bytes")
        agree = [measure(stage, folder) for stage in INPUTS if stage != "frames"]
    sys.exit(not all(agree))


def measure(stage: str, folder: Path) -> bool:
    """Whether both ways make the same bytes; prints the row of a stage."""
    alone, shared, gathered, hashes = [], [], [], set()
    for _ in range(ROUNDS):
        alone.append(timed(stage, folder, ["all"]))
        hashes.add(sha256_of(path_of(stage, folder)))
        shared.append(timed(stage, folder, ["1/2", "2/2"]))
        gathered.append(timed(stage, folder, ["all"]))
        hashes.add(sha256_of(path_of(stage, folder)))
    one, two, rest = (statistics.median(seconds) for seconds in (alone, shared, gathered))
    agreement = "the same" if len(hashes) == 1 else "DIFFERENT"
    print(f"{stage:12}{one:12.1f} s{two:12.1f} s{rest:12.1f} s{one / (two + rest):8.2f}  {agreement}", flush=True)
    return len(hashes) == 1


def timed(stage: str, folder: Path, shares: list[str]) -> float:
    """Wall seconds until all these shares of a stage, at work at the same time, are done."""
    began = time.perf_counter()
    for process in [begun(stage, folder, share) for share in shares]:
        finished(process)
    return time.perf_counter() - began


def begun(stage: str, folder: Path, share: str = "all") -> subprocess.Popen[bytes]:
    """A process that makes one share of a stage, or all."""
    command = [sys.executable, __file__, stage, str(folder), share]
    return subprocess.Popen(command, env=os.environ | {"UNDERSTUDY_THREADS": "1"}, stderr=subprocess.DEVNULL)


def finished(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process; ends the benchmark when it failed."""
    if process.wait():
        sys.exit(f"{process.args} failed")


def work(stage: str, folder: Path, share: str) -> None:
    """Run a stage here, in small pieces."""
    module = importlib.import_module(f"stages.{stage}")
    paths = {name: path_of(name, folder) for name in (*INPUTS[stage], stage)}
    pieces = (
        {} if stage == "frames" else {"pieces": Pieces(PIECE_FRAMES, None if share == "all" else parse_share(share))}
    )
    module.main(**paths, settings=read_section(module.Settings, stage), **pieces)


def path_of(name: str, folder: Path) -> Path:
    """Where a stage's artifact, or the footage, lies."""
    return FOOTAGE if name == "footage" else folder / f"{name}.parquet"


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]), sys.argv[3]) if len(sys.argv) > 1 else main()
