"""How fast one process with two threads trains against two processes with one thread each, measured in one run.

On CPUs threads are the cheaper way, for they exchange no gradients; the difference is the price of the exchange. Needs
the face sets of the sample project (`make demo` leaves them).
"""

import statistics
import sys
import tempfile
from pathlib import Path

from bench.cores import ROUNDS, STEPS, train


def main() -> None:
    """Print seconds a step of either way, and the ratio of their medians."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    hashes = set()
    with tempfile.TemporaryDirectory(prefix="bench.", dir=".understudy") as name:
        for round_ in range(ROUNDS):
            for processes, measured in seconds.items():
                few, many = (
                    train(Path(name) / f"{round_}-{processes}-{steps}", 2, steps, processes=processes)
                    for steps in STEPS
                )
                measured.append((many[0] - few[0]) / (STEPS[1] - STEPS[0]))
                hashes.add(many[1])
    one, two = (statistics.median(values) for values in seconds.values())
    print(f"one process of two threads {one:.3f} s a step, two processes {two:.3f} s: {one / two:.2f} times as fast")
    print("the same weights to the byte" if len(hashes) == 1 else "DIFFERENT weights")
    sys.exit(len(hashes) != 1)


if __name__ == "__main__":
    main()
