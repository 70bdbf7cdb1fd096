"""LDR-FLIP (Andersson et al. 2020): how visible a difference is when one flips between two pictures."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from understudy.weighted import picture_means, seen
from understudy.windows import filtered

WHITE = (0.950428545, 1.0, 1.088900371)
XYZ_FROM_RGB = (
    (10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794),
    (2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897),
    (1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382),
)
SENSITIVITY = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))  # (a, b) of the Gaussians a channel
WIDEST = 0.04
EDGE_DEGREES = 0.082
LEAST = 1e-6  # powers below 1 have no gradient at 0; differences below this are none

Taps = tuple[float, ...]
Blurs = tuple[tuple[tuple[float, Taps], ...], ...]


def flip(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    pixels_per_degree: float = 0.7 * 3840 / 0.7 * math.pi / 180,
    color_exponent: float = 0.7,
    feature_exponent: float = 0.5,
    knee: float = 0.4,
    height_at_knee: float = 0.95,
) -> Tensor:
    """The weighted mean of FLIP's map, 0–1, of every picture, averaged over the batch: a scalar, 0 at equality.

    Pictures are sRGB, 0–1. `pixels_per_degree` says from how near they are looked at (a screen of 3840 pixels and
    70 cm, from 70 cm); `knee`, a share of the largest difference of colours, is mapped to `height_at_knee`.
    Not local: both pictures are multiplied by the weight (see weighted.seen) before they are filtered.
    """
    mask = seen(weight_B1HW)
    painted, wanted = _ycxcz(painted_BCHW * mask), _ycxcz(wanted_BCHW * mask)
    blurs, edge, point, bell = _kernels(pixels_per_degree)
    colors = _hyab(_lab(_seen_from(painted, blurs)), _lab(_seen_from(wanted, blurs)))
    distance = _power(colors, color_exponent) / _farthest() ** color_exponent
    above = height_at_knee + (distance - knee) * (1 - height_at_knee) / (1 - knee)
    distance = torch.where(distance < knee, distance * (height_at_knee / knee), above)
    grey_p, grey_w = (painted[:, :1] + 16) / 116, (wanted[:, :1] + 16) / 116
    features = torch.maximum(
        (_contrast(grey_p, edge, bell) - _contrast(grey_w, edge, bell)).abs(),
        (_contrast(grey_p, point, bell) - _contrast(grey_w, point, bell)).abs(),
    )
    sharper = _power(features / math.sqrt(2), feature_exponent)
    return picture_means(_power(distance, 1 - sharper), weight_B1HW).mean()


@lru_cache(maxsize=4)
def _kernels(pixels_per_degree: float) -> tuple[Blurs, Taps, Taps, Taps]:
    """The blurs of the three channels, each a sum of Gaussians with their shares; then edge, point and their bell."""
    radius = math.ceil(3 * math.sqrt(WIDEST / (2 * math.pi**2)) * pixels_per_degree)
    blurs = tuple(_blur(gaussians, radius, pixels_per_degree) for gaussians in SENSITIVITY)
    deviation = 0.5 * EDGE_DEGREES * pixels_per_degree
    offsets = range(-math.ceil(3 * deviation), math.ceil(3 * deviation) + 1)
    bell = [math.exp(-(x**2) / (2 * deviation**2)) for x in offsets]
    edge = _balanced([-x * height for x, height in zip(offsets, bell, strict=True)])
    point = _balanced([(x**2 / deviation**2 - 1) * height for x, height in zip(offsets, bell, strict=True)])
    return blurs, edge, point, tuple(height / sum(bell) for height in bell)


def _blur(
    gaussians: tuple[tuple[float, float], ...], radius: int, pixels_per_degree: float
) -> tuple[tuple[float, Taps], ...]:
    found: list[tuple[float, Taps]] = []
    for a, b in gaussians:
        taps = [math.exp(-((math.pi * x / pixels_per_degree) ** 2) / b) for x in range(-radius, radius + 1)]
        found.append((a * math.sqrt(math.pi / b) * sum(taps) ** 2, tuple(tap / sum(taps) for tap in taps)))
    total = sum(volume for volume, _ in found)
    return tuple((volume / total, taps) for volume, taps in found)


def _balanced(taps: list[float]) -> Taps:
    """What is above 0 sums to 1, what is below to −1."""
    above, below = sum(tap for tap in taps if tap > 0), -sum(tap for tap in taps if tap < 0)
    return tuple(tap / (above if tap > 0 else below) for tap in taps)


def _power(values: Tensor, exponent: float | Tensor) -> Tensor:
    return torch.where(values > LEAST, values.clamp(min=LEAST) ** exponent, torch.zeros_like(values))


def _length(first: Tensor, second: Tensor) -> Tensor:
    squares = first.square() + second.square()
    return torch.where(squares > LEAST**2, squares.clamp(min=LEAST**2).sqrt(), torch.zeros_like(squares))


def _colors(values_BCHW: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("oc,bchw->bohw", matrix.to(values_BCHW), values_BCHW)


@lru_cache(maxsize=1)
def _matrices() -> tuple[Tensor, Tensor]:
    """From linear RGB to XYZ over white, and back."""
    with torch.inference_mode(False):
        there = torch.tensor(XYZ_FROM_RGB, dtype=torch.float64) / torch.tensor(WHITE, dtype=torch.float64)[:, None]
        return there, torch.linalg.inv(there)


def _ycxcz(srgb_BCHW: Tensor) -> Tensor:
    bent = ((srgb_BCHW.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    x, y, z = _colors(torch.where(srgb_BCHW > 0.04045, bent, srgb_BCHW / 12.92), _matrices()[0]).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def _linear(ycxcz_BCHW: Tensor) -> Tensor:
    lightness, cx, cz = ycxcz_BCHW.unbind(1)
    y = (lightness + 16) / 116
    return _colors(torch.stack([y + cx / 500, y, y - cz / 200], 1), _matrices()[1])


def _lab(linear_BCHW: Tensor) -> Tensor:
    """CIELAB whose a and b grow with the lightness, as Hunt found them to."""
    ratios = _colors(linear_BCHW, _matrices()[0])
    delta = 6 / 29
    root = ratios.clamp(min=delta**3) ** (1 / 3)
    x, y, z = torch.where(ratios > delta**3, root, ratios / (3 * delta**2) + 4 / 29).unbind(1)
    lightness = 116 * y - 16
    return torch.stack([lightness, 5 * lightness * (x - y), 2 * lightness * (y - z)], 1)


def _hyab(first_BCHW: Tensor, second_BCHW: Tensor) -> Tensor:
    lightness, a, b = (first_BCHW - second_BCHW).unbind(1)
    return (lightness.abs() + _length(a, b))[:, None]


@lru_cache(maxsize=1)
def _farthest() -> float:
    """The largest distance there is, from green to blue."""
    green, blue = (torch.tensor(color, dtype=torch.float64).view(1, 3, 1, 1) for color in ([0, 1.0, 0], [0, 0, 1.0]))
    return float(_hyab(_lab(green), _lab(blue)))


def _seen_from(ycxcz_BCHW: Tensor, blurs: Blurs) -> Tensor:
    """Linear RGB of what an eye resolves at a distance."""
    channels = [
        torch.stack([share * filtered(channel[:, None], down=taps, across=taps) for share, taps in kinds]).sum(0)
        for channel, kinds in zip(ycxcz_BCHW.unbind(1), blurs, strict=True)
    ]
    return _linear(torch.cat(channels, 1)).clamp(0, 1)


def _contrast(grey_B1HW: Tensor, kernel: Taps, bell: Taps) -> Tensor:
    return _length(filtered(grey_B1HW, down=bell, across=kernel), filtered(grey_B1HW, down=kernel, across=bell))
