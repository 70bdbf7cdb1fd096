"""Colour spaces of batches, in torch: sRGB to CIELAB, HSV and Y'CbCr, and back. Pictures are (B, 3, H, W), RGB 0–1."""

from functools import lru_cache

import torch
from torch import Tensor

XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
LAB_FROM_ROOTS = ((0.0, 116.0, 0.0), (500.0, -500.0, 0.0), (0.0, 200.0, -200.0))
YCC_FROM_RGB = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
DARK_CODED, DARK_LINEAR, DARK_SLOPE = 0.04045, 0.0031308, 12.92  # below these, sRGB's curve is a line
DARK_LAB, LAB_SLOPE = 0.008856, 7.787  # below this share of white, so is the cube root
DARK_ROOT = DARK_LAB ** (1 / 3)
TINY = 1e-10  # in place of zero, as a divisor

Rows = tuple[tuple[float, float, float], ...]


def lab_from_rgb(pictures_B3HW: Tensor) -> Tensor:
    """CIELAB (D65): L 0–100, a and b about ±100."""
    white = _mixed(_linear(pictures_B3HW), _relative_to_white())
    root = _power(white.clamp_min(DARK_LAB), 1 / 3).add_(_below(white, DARK_LAB), alpha=LAB_SLOPE)
    lab = _mixed(root, _matrix(LAB_FROM_ROOTS))
    lab[:, 0] -= 16
    return lab


def rgb_from_lab(lab_B3HW: Tensor) -> Tensor:
    """RGB of CIELAB; colours outside the gamut are clipped to 0–1."""
    middle = (lab_B3HW[:, 0] + 16) / 116
    root = torch.stack([middle + lab_B3HW[:, 1] / 500, middle, middle - lab_B3HW[:, 2] / 200], 1)
    bright = root.clamp_min(DARK_ROOT)
    white = bright.pow(3).add_(_below(root, DARK_ROOT), alpha=1 / LAB_SLOPE)
    return _coded(_mixed(white, _inverse_relative_to_white())).clamp_(0, 1)


def hsv_from_rgb(pictures_B3HW: Tensor) -> Tensor:
    """Hue as a share of a turn (0–1, red at 0), saturation and value 0–1."""
    red, green, blue = pictures_B3HW.unbind(1)
    value, least = pictures_B3HW.amax(1), pictures_B3HW.amin(1)
    chroma = value - least
    divisor = chroma.clamp_min(TINY)
    sixth = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    return torch.stack([(sixth / 6) % 1, chroma / value.clamp_min(TINY), value], 1)


def rgb_from_hsv(hsv_B3HW: Tensor) -> Tensor:
    """RGB of hue (any number of turns), saturation and value (0–1)."""
    hue, saturation, value = torch.split(hsv_B3HW, 1, 1)
    turned = hue * 6 + hue.new_tensor([5.0, 3.0, 1.0])[:, None, None]
    sixth = turned - 6 * torch.floor(turned / 6)
    return value * (1 - saturation * torch.minimum(sixth, 4 - sixth).clamp(0, 1))


def ycc_from_rgb(pictures_B3HW: Tensor) -> Tensor:
    """Y' 0–1, Cb and Cr ±0.5, as JPEG has them (full range, BT.601)."""
    return _mixed(pictures_B3HW, _matrix(YCC_FROM_RGB))


def rgb_from_ycc(ycc_B3HW: Tensor) -> Tensor:
    """RGB of Y'CbCr, not clipped."""
    return _mixed(ycc_B3HW, _inverse(YCC_FROM_RGB))


def _linear(coded: Tensor) -> Tensor:
    bright = coded.clamp_min(DARK_CODED).add_(0.055).div_(1.055)
    return _power(bright, 2.4).add_(_below(coded, DARK_CODED), alpha=1 / DARK_SLOPE)


def _coded(linear: Tensor) -> Tensor:
    bright = _power(linear.clamp_min(DARK_LINEAR), 1 / 2.4).mul_(1.055).sub_(0.055)
    return bright.add_(_below(linear, DARK_LINEAR), alpha=DARK_SLOPE)


def _below(values: Tensor, knee: float) -> Tensor:
    """How far values lie below the knee, 0 above it: joins a line to a curve, ten times faster than choosing."""
    return values.clamp_max(knee).sub_(knee)


def _power(base: Tensor, exponent: float) -> Tensor:
    """Positive numbers to a power, in their own place; in half the time of `**`."""
    return base.log_().mul_(exponent).exp_()


def _mixed(pictures_B3HW: Tensor, matrix_33: Tensor) -> Tensor:
    return (matrix_33.to(pictures_B3HW) @ pictures_B3HW.flatten(2)).view_as(pictures_B3HW)


@lru_cache(maxsize=8)
def _matrix(rows: Rows) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


@lru_cache(maxsize=8)
def _inverse(rows: Rows) -> Tensor:
    return torch.inverse(_matrix(rows))


@lru_cache(maxsize=1)
def _relative_to_white() -> Tensor:
    """XYZ as shares of white's, so that greys have no colour."""
    matrix = _matrix(XYZ_FROM_RGB)
    return matrix / matrix.sum(1, keepdim=True)


@lru_cache(maxsize=1)
def _inverse_relative_to_white() -> Tensor:
    return torch.inverse(_relative_to_white())
