"""What a comparison of model families found, as rows, and the page that shows them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.compared.budget import Cost
from understudy.scoring.words import ALIKE

UNKNOWN = "–"
SEEN = 0.5  # share of the frames in which a face must be seen
NEARER = 0.95  # share of the frames that must be nearer to the source
BLURRED = 0.5  # shares of the true swap's sharpness below which a face is a blur
FOLLOWED = 0.5  # correlation from which a mouth follows


@dataclass(frozen=True)
class Found:
    """What was found of one family.

    kind         the model and its sides in pixels, "original, 64 to 64"
    cost         of a step, as measured
    spent_cpu_s  of the whole stage
    settings     what differs from params.yaml
    scores       of stage scores; empty when it failed
    failed       the last line that the stage that failed said
    """

    family: str
    kind: str
    cost: Cost
    steps: int
    spent_cpu_s: float | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    scores: Mapping[str, object] = field(default_factory=dict)
    failed: str = ""

    def number(self, path: str) -> float:
        """A score by its dotted name; NaN where it is not known."""
        value: object = self.scores
        for key in path.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return float(value) if isinstance(value, int | float) else math.nan


class Pair(NamedTuple):
    """Whose likeness is in whose place, and the PSNR in dB that the source's mean face alone reaches."""

    source: str
    target: str
    mean_face_db: float


def ordered(rows: Sequence[Found]) -> list[Found]:
    """The nearest to the source first; then those in whom no face was seen, then those that failed."""
    return sorted(rows, key=lambda row: (bool(row.failed), _last_if_unknown(_distance(row, "shot", "source"))))


def verdict(row: Found, pair: Pair) -> str:
    """Whom the family's shot shows, in a few words; what went wrong comes first."""
    to_source, to_target = (_distance(row, "shot", side) for side in ("source", "target"))
    nearer = row.number("held_out.shot.identity.source_nearer")
    verdicts = {
        f"failed: {row.failed}": bool(row.failed),
        "no face is seen": not row.number("held_out.shot.seen") >= SEEN or math.isnan(to_source),
        "collapsed: rebuilds no better than a mean face": _is_collapsed(row, pair),
        f"still {pair.target.title()}": to_target < to_source,
        f"{pair.source.title()}{_wants(row)}": to_source <= ALIKE and nearer >= NEARER,
    }
    neither = f"neither {pair.target.title()} nor {pair.source.title()}{_wants(row)}"
    return next((words for words, holds in verdicts.items() if holds), neither)


def shot_table(rows: Sequence[Found], pair: Pair) -> str:
    """Markdown: what the shots are like, between the two ends of the scale."""
    ends = next((row for row in rows if row.scores), None)
    known = [("true_swap", "**true swap**"), ("untouched", "**untouched**")] if ends is not None else []
    lines = [[label, *_film_cells(ends, film), ""] for film, label in known if ends is not None]
    lines += [[row.family, *_film_cells(row, "shot"), verdict(row, pair)] for row in ordered(rows)]
    distances = (f"d({person})" for person in (pair.source, pair.target))
    return markdown(["family", *distances, "mouth", "eyes", "pose °", "sharp", "PSNR to true swap", "shows"], lines)


def training_table(rows: Sequence[Found]) -> str:
    """Markdown: what was trained in the time, and how well it rebuilds faces that it has not learnt from."""
    lines = [
        [
            row.family,
            row.kind,
            f"{row.cost.parameters / 1e6:.1f} M",
            short(row.cost.step_cpu_s),
            f"{row.steps:,}",
            short(row.spent_cpu_s or math.nan, 0),
            *_rebuilt_cells(row, "source"),
            *_rebuilt_cells(row, "target"),
        ]
        for row in ordered(rows)
    ]
    sides = [f"{side} {what}" for side in ("source", "target") for what in ("dB", "SSIM")]
    return markdown(["family", "model, sides in px", "parameters", "CPU-s a step", "steps", "CPU-s", *sides], lines)


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table, its first column to the left and figures to the right; a bar within a cell does not end it."""
    rules = ["---" if name in ("family", "model, sides in px", "shows") else "---:" for name in head]
    rows = [head, rules, *([cell.replace("|", "\\|") for cell in line] for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def short(value: float, digits: int = 2) -> str:
    """A number of so many decimals, a dash where it is not known."""
    return f"{value:.{digits}f}" if math.isfinite(value) else UNKNOWN


def _film_cells(row: Found, film: str) -> list[str]:
    return [
        *(short(_distance(row, film, side)) for side in ("source", "target")),
        *(short(_followed(row, film, opening)) for opening in ("mouth", "eyes")),
        short(row.number(f"held_out.{film}.pose.error_deg"), 1),
        short(_sharpness(row, film)),
        short(row.number("held_out.against_true_swap.psnr_db") if film == "shot" else math.nan, 1),
    ]


def _rebuilt_cells(row: Found, side: str) -> list[str]:
    return [
        short(row.number(f"reconstruction.{what}_{side}"), digits) for what, digits in (("psnr_db", 1), ("ssim", 3))
    ]


def _distance(row: Found, film: str, side: str) -> float:
    return row.number(f"held_out.{film}.identity.{side}_distance")


def _followed(row: Found, film: str, opening: str) -> float:
    """With the renderer's truth where it is known, else with what is read from the performance."""
    true = row.number(f"held_out.{film}.{opening}.true_correlation")
    return true if math.isfinite(true) else row.number(f"held_out.{film}.{opening}.correlation")


def _sharpness(row: Found, film: str) -> float:
    """As a share of the true swap's."""
    return row.number(f"held_out.{film}.sharpness") / (row.number("held_out.true_swap.sharpness") or math.nan)


def _is_collapsed(row: Found, pair: Pair) -> bool:
    return not row.number("reconstruction.psnr_db_source") > pair.mean_face_db


def _wants(row: Found) -> str:
    """What is missing of a good swap."""
    is_blurred, is_rigid = _sharpness(row, "shot") < BLURRED, not _followed(row, "shot", "mouth") >= FOLLOWED
    return ", a blur" * is_blurred + ", mouth does not follow" * is_rigid


def _last_if_unknown(value: float) -> float:
    return value if math.isfinite(value) else math.inf
