"""Draw the sample footage again: `python -m understudy.actors` in the project's folder, or `make actors`.

Writes what is committed: data/raw/{ada,bo}.mp4 with their truth in data/raw/truth/, the true swap of bo as ada, the
reference pictures in people/. With `--tiny` it draws the tests' tiny project instead, in tests/tiny/ or the folder
that `--root` names. Takes about five minutes of one core; every core is used (UNDERSTUDY_THREADS says how many).
"""

import argparse
import sys
from pathlib import Path

from understudy.stage import threads

from understudy.actors.sample import draw_sample, draw_tiny


def main(arguments: list[str] | None = None) -> None:
    """Draw the sample project or, with --tiny, the tests' one."""
    parser = argparse.ArgumentParser(prog="python -m understudy.actors", description=__doc__, allow_abbrev=False)
    parser.add_argument("--tiny", action="store_true", help="draw the tests' tiny project")
    parser.add_argument("--root", type=Path, default=None, help="the project's folder")
    chosen = parser.parse_args(arguments)
    if chosen.tiny:
        draw_tiny(chosen.root or Path("tests/tiny"), num_processes=threads(), say=_say)
    else:
        draw_sample(chosen.root or Path(), num_processes=threads(), say=_say)


def _say(line: str) -> None:
    print(f"actors: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
