"""How Phaze-A spreads filters over layers, and fits the side of its code to the output."""

from typing import Literal

SlopeMode = Literal["full", "cap_max", "cap_min"]


def spread(first: int, last: int, number: int, *, slope: float, mode: SlopeMode = "full") -> list[int]:
    """`number` widths from `first` to `last`, multiples of 8.

    full     along a sigmoid: a negative slope leaves `first` quickly, 0 is a straight line, a positive one slowly
    cap_max  each falls by the share |slope| until `last`; what is missing is `first`, before
    cap_min  the same, but what is missing is `last`, behind
    """
    if mode == "full":
        shares = [_sigmoid(index / max(1, number - 1), slope) for index in range(number)]
        return [_eighths(first + share * (last - first)) for share in shares]
    widths = [first]
    while len(widths) < number and widths[-1] > last:
        widths.append(max(last, _eighths(widths[-1] * (1 - abs(slope)))))
    missing = number - len(widths)
    return [first] * missing + widths if mode == "cap_max" else widths + [last] * missing


def halved_to(output_px: int, most: int) -> int:
    """The output's side, halved until it is at most `most`, or odd: what doublings bring to that side exactly."""
    side = output_px
    while side > most and side % 2 == 0:
        side //= 2
    return side


def _sigmoid(share: float, slope: float) -> float:
    return (share - share * slope) / (slope - 2 * share * slope + 1)


def _eighths(width: float) -> int:
    return int(width // 8) * 8
