"""Every model family trained on the sample project for the same CPU time, and what the project's own scores say of it.

    make compared [CPU_S=60] [ONLY="driven compact"] [JOBS=2]

Needs the analysed clips and face sets of the sample project, which `make demo` leaves. families.yaml beside this says
which families there are and what size each has here. A family is trained, painted, composited and scored by the
project's own stages in a folder of its own below .understudy/compared/; one that was compared before with the same
settings, code and budget is taken from there. Everything computes with one thread, several families at once. The
tables go to the terminal and all figures to .understudy/compared/compared.json; when all families were compared,
docs/compared.md and its picture are written too.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import understudy.stage  # noqa: F401, settles what torch computes with

import yaml
from pydantic import Field

from bench.compared.budget import mean_face_db
from bench.compared.figures import Found, Pair, ordered, verdict
from bench.compared.page import page, tables
from bench.compared.sheet import write_sheet
from bench.compared.trial import ROOT, Family, Trial
from understudy.errors import SettingsError, UnderstudyError
from understudy.facesets import read_face_set
from understudy.files import replacing
from understudy.params import Settings, parse_section, read_nouns

FAMILIES = Path(__file__).with_name("families.yaml")
PAGE = Path("docs/compared.md")


class Families(Settings):
    """families.yaml."""

    mild: dict[str, object] = Field(default={})
    """An augmentation that families share by reference."""
    families: dict[str, Family]
    """By name, in the order in which they are trained."""


def main() -> None:
    """Train, paint and score what was asked for; print the tables and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="families; all when none is named")
    parser.add_argument("--cpu-s", type=float, default=60, help="CPU seconds of training for each")
    parser.add_argument("--families", type=Path, default=FAMILIES, help="another file like families.yaml")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="families at once")
    arguments = parser.parse_args()
    try:
        families = chosen(arguments.only, path=arguments.families)
        is_all = arguments.families == FAMILIES and not arguments.only
        compare(families, cpu_s=arguments.cpu_s, jobs=arguments.jobs, page_path=PAGE if is_all else None)
    except UnderstudyError as error:
        sys.exit(f"compared: {error}")


def compare(families: Mapping[str, Family], *, cpu_s: float, jobs: int, page_path: Path | None) -> None:
    """Compare these families; without a path no page is written."""
    shot = next(iter(read_nouns().shots.values()))
    faces = [read_face_set(Path(f"data/crops/{person}.parquet"), person) for person in (shot.source, shot.target)]
    trials = [Trial(name, family, shot, cpu_s) for name, family in families.items()]
    plans = [trial.plan(*faces) for trial in trials]  # one after the other, before anything else runs
    with ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(Trial.found, trials, plans))
    pair = Pair(shot.source, shot.target, mean_face_db(faces[0]))
    print(tables(rows, pair))
    found = {"cpu_s": cpu_s, **pair._asdict(), "families": [asdict(row) | {"cost": row.cost._asdict()} for row in rows]}
    write(ROOT / "compared.json", json.dumps(found, indent=1))
    show(trials, rows, pair, path=ROOT / "compared.png")
    if page_path:
        picture = page_path.with_suffix(".png")
        write(page_path, page(rows, pair, cpu_s=cpu_s, picture=picture.name))
        shutil.copyfile(ROOT / "compared.png", picture)


def chosen(only: Sequence[str], *, path: Path = FAMILIES) -> Mapping[str, Family]:
    """The families of these names, all when there are none. Raises SettingsError for a name that is none."""
    families = parse_section(Families, yaml.safe_load(path.read_text(encoding="utf-8")), where=path.name).families
    for name in set(only) - set(families):
        raise SettingsError(f"no family {name!r}. Available: {', '.join(families)}")
    return {name: family for name, family in families.items() if name in only or not only}


def show(trials: Sequence[Trial], rows: Sequence[Found], pair: Pair, *, path: Path) -> None:
    """The picture of all shots in the order of the table."""
    by_name = {trial.name: trial for trial in trials}
    labels = {row.family: f"{row.family}: {verdict(row, pair)}" for row in rows}
    write_sheet(path, [by_name[row.family] for row in ordered(rows)], labels)


def write(path: Path, text: str) -> None:
    """`text` in place of a file."""
    with replacing(path) as temporary:
        temporary.write_text(text.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
