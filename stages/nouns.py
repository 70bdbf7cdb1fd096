"""data/nouns.txt: a constant, written when the nouns of params.yaml are sound; DVC runs nothing before it.

So are the model and the optimizer it chooses by name.
"""

from pathlib import Path

from understudy.stage import run

from understudy.files import replacing
from understudy.params import read_nouns

SOUND = "The clips, people, pairs and shots of params.yaml fit each other and what is on disk.\n"


def main(*, nouns: Path) -> None:
    """Check the nouns. What is written never changes, so that a new clip makes nothing run again that is there."""
    read_nouns()
    with replacing(nouns) as temporary:
        temporary.write_text(SOUND, encoding="utf-8")


if __name__ == "__main__":
    run(main)
