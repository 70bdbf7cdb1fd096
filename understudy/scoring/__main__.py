"""`python -m understudy.scoring data/scores/bo.ada-for-bo.json`: the scores of a shot in words."""

import json
import sys
from pathlib import Path

from understudy.scoring.words import in_words


def main(arguments: list[str]) -> int:
    """Print the page of each file; the exit status."""
    for name in arguments:
        path = Path(name)
        try:
            scores = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            print(f"scores: {path}: cannot be read ({error}); run the stage scores", file=sys.stderr)
            return 1
        print(in_words(scores, name=path.stem))
    return 0 if arguments else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
