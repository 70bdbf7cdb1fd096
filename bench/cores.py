"""How much faster one training step is on two cores than on one, measured in one run, and whether the bytes agree.

Needs the face sets of the sample project (`make demo` leaves them). Each run trains the first pair of params.yaml for a
few steps in a folder of its own; runs alternate, so that a machine that changes its pace changes both.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from understudy.files import sha256_of

STEPS = (10, 60)  # their difference is free of start-up
ROUNDS = 3


def main() -> None:
    """Print seconds a step on one core and on two, and the ratio of their medians."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    hashes = set()
    with tempfile.TemporaryDirectory(prefix="bench.", dir=".understudy") as name:
        for round_ in range(ROUNDS):
            for cores, measured in seconds.items():
                few, many = (train(Path(name) / f"{round_}-{cores}-{steps}", cores, steps) for steps in STEPS)
                measured.append((many[0] - few[0]) / (STEPS[1] - STEPS[0]))
                hashes.add(many[1])
    one, two = (statistics.median(values) for values in seconds.values())
    print(f"one core {one:.3f} s a step, two cores {two:.3f} s: {one / two:.2f} times as fast")
    print("the same weights to the byte" if len(hashes) == 1 else "DIFFERENT weights")
    sys.exit(len(hashes) != 1)


def train(folder: Path, cores: int, steps: int, *, processes: int = 1) -> tuple[float, str]:
    """Wall seconds of one short training on so many cores, shared by processes, and the SHA-256 of its weights."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    pair = next(iter(params["pairs"].values()))
    params["swapper"] |= {"steps": steps, "measure_every": steps, "save_every": steps, "seed": os.getpid()}
    folder.mkdir()
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    flags = [f"--{side}-crops=data/crops/{person}.parquet" for side, person in pair.items()]
    flags += [f"--{side}-consent=people/{person}.yaml" for side, person in pair.items()]
    environment = os.environ | {"UNDERSTUDY_THREADS": str(cores), "UNDERSTUDY_PARAMS": str(folder / "params.yaml")}
    environment |= {"UNDERSTUDY_DEVICE": "cpu", "UNDERSTUDY_PROCESSES": str(processes)}
    began = time.perf_counter()
    command = [sys.executable, "stages/swapper.py", *flags, f"--swapper={folder / 'swapper'}"]
    subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began, sha256_of(folder / "swapper" / "weights.safetensors")


if __name__ == "__main__":
    main()
