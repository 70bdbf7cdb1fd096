"""`python -m understudy.provenance FILE`: what is to be believed of a file; exits 0 only for a valid shot of ours."""

import sys
from pathlib import Path

from understudy.errors import UnderstudyError
from understudy.provenance.verify import verify


def main(arguments: list[str]) -> int:
    """Print the page; the exit status: 0 for a valid shot of ours, else 1."""
    if len(arguments) != 1:
        print("usage: make verify FILE=data/shots/bo.ada-for-bo.mp4", file=sys.stderr)
        return 1
    try:
        verdict = verify(Path(arguments[0]))
    except UnderstudyError as error:
        print(f"verify: {error}", file=sys.stderr)
        return 1
    print(verdict.page)
    return 0 if verdict.is_ours else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
