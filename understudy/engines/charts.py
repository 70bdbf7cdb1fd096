"""Line charts as SVG that stands in a page by itself: no script, colours from the page's style sheet."""

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 420, 230
LEFT, RIGHT, TOP, BOTTOM = 52, 18, 28, 30
NUM_COLORS = 8
DASHES = ("", "6 3", "2 3", "8 3 2 3")
Curve = Sequence[tuple[float, float]]


def chart(title: str, curves: Sequence[tuple[int, str, Curve]], *, across: str) -> str:
    """An SVG of curves over one axis named `across`; each has the number of its colour, a name and its points."""
    x_ticks = ticks([x for _, _, curve in curves for x, _ in curve])
    y_ticks = ticks([y for _, _, curve in curves for _, y in curve])
    drawn = [_curve(number, name, curve, x_ticks, y_ticks) for number, name, curve in curves]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<text class="title" x="{LEFT}" y="16">{escape(title)}</text>'
        f"{_grid(x_ticks, y_ticks)}{''.join(drawn)}"
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{escape(across)}</text></svg>'
    )


def legend_key(number: int) -> str:
    """A short stroke in the colour and dashes of curve `number`, for a legend."""
    return f'<svg class="key" viewBox="0 0 28 10"><path class="{_color(number)}"{_dash(number)} d="M1 5H27"/></svg>'


def ticks(values: Sequence[float]) -> list[float]:
    """Three to seven round numbers, evenly spaced, from below the smallest value to above the largest."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high == low:
        low, high = low - (abs(low) or 1) / 10, high + (abs(high) or 1) / 10
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


def spelled(value: float) -> str:
    """A number to four digits: 1500, 0.25, 1e-05."""
    return f"{value:.4g}"


def _grid(x_ticks: Sequence[float], y_ticks: Sequence[float]) -> str:
    lines = []
    for y in y_ticks:
        height = _y(y, y_ticks)
        lines.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}"/>')
        lines.append(
            f'<text class="tick" x="{LEFT - 6}" y="{height + 3.5:.1f}" text-anchor="end">{_tick(y, y_ticks)}</text>'
        )
    for x in x_ticks:
        place = f'x="{_x(x, x_ticks):.1f}" y="{HEIGHT - BOTTOM + 14}"'
        lines.append(f'<text class="tick" {place} text-anchor="middle">{_tick(x, x_ticks)}</text>')
    return "".join(lines)


def _tick(value: float, among: Sequence[float]) -> str:
    """A number with as many digits as tell it from its neighbours."""
    digits = 1 - math.floor(math.log10(among[1] - among[0]))
    return f"{round(value, digits):.10g}"


def _curve(number: int, name: str, curve: Curve, x_ticks: Sequence[float], y_ticks: Sequence[float]) -> str:
    points = [(_x(x, x_ticks), _y(y, y_ticks)) for x, y in curve]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = "".join(
        f'<circle class="{_color(number)}" cx="{x:.1f}" cy="{y:.1f}" r="2.2">'
        f"<title>{escape(name)}: {spelled(across)}, {spelled(value)}</title></circle>"
        for (x, y), (across, value) in zip(points, curve, strict=True)
    )
    return f'<path class="{_color(number)}"{_dash(number)} d="{path}"/>{dots}' if points else ""


def _x(value: float, x_ticks: Sequence[float]) -> float:
    return LEFT + (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (WIDTH - LEFT - RIGHT)


def _y(value: float, y_ticks: Sequence[float]) -> float:
    return HEIGHT - BOTTOM - (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (HEIGHT - TOP - BOTTOM)


def _color(number: int) -> str:
    return f"c{number % NUM_COLORS}"


def _dash(number: int) -> str:
    dashes = DASHES[number // NUM_COLORS % len(DASHES)]
    return f' stroke-dasharray="{dashes}"' if dashes else ""
