"""The curves of a training as a picture: losses, validation in dB, and the learning rate over the steps."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from understudy.axes import Axis, linear_axis, log_axis, step_axis
from understudy.networks import SIDES

PLOT_PX = 300  # height of a plot
LEAST_WIDTH_PX = 512
ABREAST_PX = 1400  # from which width on the plots stand side by side
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 64, 18, 52, 42  # around the axes, for numbers and names
SHIFT = 4  # OpenCV draws at sixteenths of a pixel
SCALE = 0.42
MOST_DOTS = 40  # with more points a curve is a line alone
BACKGROUND, GRID, FAINT, INK = (24,) * 3, (52,) * 3, (160,) * 3, (235,) * 3
COLOURS = {
    "source": (255, 149, 89),
    "target": (98, 176, 255),
    "validation source": (255, 214, 160),
    "validation target": (178, 226, 255),
    "learning rate": (181, 212, 87),
}
BEST = (79, 209, 189)

Row = Mapping[str, float]
Colour = tuple[int, int, int]
Curves = Mapping[str, Sequence[tuple[float, float]]]


@dataclass(frozen=True)
class Plot:
    """One pair of axes over `width_px` × PLOT_PX, and the curves between: (step, value) pairs by name."""

    title: str
    curves: Curves
    across: Axis
    upright: Axis
    width_px: int
    best: float | None = None

    def place(self, step: float, value: float) -> tuple[float, float]:
        """Where a point of a curve lies: x to the right and y downwards, in pixels."""
        wide, high = self.width_px - LEFT_PX - RIGHT_PX, PLOT_PX - TOP_PX - BOTTOM_PX
        return LEFT_PX + self.across.share(step) * wide, TOP_PX + (1 - self.upright.share(value)) * high


def training_curves(rows: Sequence[Row], *, width_px: int) -> np.ndarray:
    """The history so far as an RGB uint8 picture of `width_px`: three plots, side by side where there is room.

    `rows` are those of the history, in order. What has no place on an axis, a loss of 0 or no number at all, leaves a
    gap in its curve. The step with the lowest validation loss, which `keep: best` keeps, is marked.
    """
    abreast = 3 if width_px >= ABREAST_PX else 1
    widths = [(index + 1) * width_px // abreast - index * width_px // abreast for index in range(abreast)]
    drawn = [_drawn(plot) for plot in plots(rows, widths_px=(widths * 3)[:3])]
    return np.hstack(drawn) if abreast == 3 else np.vstack(drawn)


def plots(rows: Sequence[Row], *, widths_px: Sequence[int]) -> list[Plot]:
    """What is drawn: losses, validation in dB, learning rate."""
    losses: Curves = {str(side): _curve(rows, f"loss_{side}") for side in SIDES}
    losses = {**losses, **{f"validation {side}": _curve(rows, f"validation_loss_{side}") for side in SIDES}}
    decibels = {f"validation {side}": _curve(rows, f"validation_psnr_db_{side}") for side in SIDES}
    rates = {"learning rate": _curve(rows, "learning_rate")}
    upright = linear_axis([0.0, *_values(rates)] if rows else [])
    across, best = step_axis(rows[-1]["step"] if rows else 1), best_step(rows)
    return [
        Plot("loss (log scale)", losses, across, log_axis(_values(losses)), widths_px[0], best),
        Plot("validation PSNR in dB", decibels, across, linear_axis(_values(decibels)), widths_px[1], best),
        Plot("learning rate", rates, across, upright, widths_px[2]),
    ]


def best_step(rows: Sequence[Row]) -> float | None:
    """The step with the lowest validation loss, of both people together; none before the first measurement."""
    totals = []
    for row in rows:
        losses = [value for name, value in row.items() if name.startswith("validation_loss_")]
        if losses and math.isfinite(sum(losses)):
            totals.append((sum(losses), row["step"]))
    return min(totals)[1] if totals else None


def _curve(rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    return [(row["step"], row[name]) for row in rows if name in row]


def _values(curves: Curves) -> list[float]:
    return [value for curve in curves.values() for _, value in curve]


def _drawn(plot: Plot) -> np.ndarray:
    picture = np.full((PLOT_PX, plot.width_px, 3), BACKGROUND, np.uint8)
    _draw_axes(picture, plot)
    _draw_legend(picture, plot)
    if not any(plot.curves.values()):
        write(picture, "nothing measured yet", (plot.width_px // 2, PLOT_PX // 2), FAINT, across=0.5)
    if plot.best is not None:
        _draw_best(picture, plot, plot.best)
    for name, curve in plot.curves.items():
        for stretch in _stretches(curve, plot.upright):
            points = [_fixed(plot.place(*point)) for point in stretch]
            cv2.polylines(picture, [np.array(points, np.int32)], False, COLOURS[name], 1, cv2.LINE_AA, SHIFT)
            for point in points if len(stretch) == 1 or len(curve) < MOST_DOTS else ():
                cv2.circle(picture, point, 2 << SHIFT, COLOURS[name], -1, cv2.LINE_AA, SHIFT)
    return picture


def _draw_axes(picture: np.ndarray, plot: Plot) -> None:
    left, right, top, bottom = LEFT_PX, plot.width_px - RIGHT_PX, TOP_PX, PLOT_PX - BOTTOM_PX
    for tick in plot.upright.ticks:
        y = round(plot.place(0, tick)[1])
        cv2.line(picture, (left, y), (right, y), GRID, 1)
        write(picture, f"{tick:.6g}", (left - 6, y + 4), FAINT, across=1.0)
    for tick in plot.across.ticks:
        x = round(plot.place(tick, plot.upright.low)[0])
        cv2.line(picture, (x, top), (x, bottom), GRID, 1)
        write(picture, f"{tick:.10g}", (x, bottom + 16), FAINT, across=0.5)
    cv2.rectangle(picture, (left, top), (right, bottom), FAINT, 1)
    write(picture, "step", ((left + right) // 2, bottom + 34), FAINT, across=0.5)
    write(picture, plot.title, (left, 18), INK)


def _draw_legend(picture: np.ndarray, plot: Plot) -> None:
    x = LEFT_PX
    for name in (name for name, curve in plot.curves.items() if curve and len(plot.curves) > 1):
        cv2.line(picture, (x, 36), (x + 14, 36), COLOURS[name], 2)
        x = write(picture, name, (x + 18, 40), INK) + 14


def _draw_best(picture: np.ndarray, plot: Plot, step: float) -> None:
    x, top = (round(each) for each in plot.place(step, plot.upright.high))
    for y in range(top, PLOT_PX - BOTTOM_PX, 6):
        cv2.line(picture, (x, y), (x, y + 2), BEST, 1)
    write(picture, f"best: step {step:.10g}", (plot.width_px - RIGHT_PX, 18), BEST, across=1.0)


def write(
    picture: np.ndarray,
    text: str,
    place: tuple[int, int],
    colour: Colour,
    *,
    across: float = 0.0,
    scale: float = SCALE,
) -> int:
    """The x where the text ends; `place` is on its baseline, at its left end, or at `across` of its width."""
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = max(place[0] - round(width * across), 0)
    cv2.putText(picture, text, (x, place[1]), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
    return x + width


def _stretches(curve: Sequence[tuple[float, float]], upright: Axis) -> Iterator[list[tuple[float, float]]]:
    """The curve in pieces, between points that the axis cannot show."""
    stretch: list[tuple[float, float]] = []
    for point in curve:
        if upright.shows(point[1]):
            stretch.append(point)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _fixed(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0] * (1 << SHIFT)), round(place[1] * (1 << SHIFT))
