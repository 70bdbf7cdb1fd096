"""Colour: between coded pixels and linear light. Pictures are RGB; the curve is that of sRGB (IEC 61966-2-1).

Footage tagged BT.709 is shown by displays whose curve is close to sRGB's, so one curve serves for mixing and matching.
"""

import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear RGB with BT.709's primaries


def linear_from_coded(image: np.ndarray) -> np.ndarray:
    """Linear light, float32 0-1, of a coded picture: uint8, or float 0-1 (values outside are clipped)."""
    if image.dtype == np.uint8:
        return _LINEAR_OF_BYTE[image]
    coded = np.clip(np.asarray(image, np.float32), 0, 1)
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def coded_from_linear(image: np.ndarray) -> np.ndarray:
    """The coded picture, float32 0-1, of linear light; values outside 0-1 are clipped."""
    linear = np.clip(np.asarray(image, np.float32), 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055).astype(np.float32)


def luminance(linear: np.ndarray) -> np.ndarray:
    """Relative luminance (...) of linear RGB (..., 3), summed in a fixed order."""
    red, green, blue = LUMINANCE
    return linear[..., 0] * red + linear[..., 1] * green + linear[..., 2] * blue


def to_bytes(image: np.ndarray) -> np.ndarray:
    """A float picture 0-1 as uint8, rounded to the nearest code."""
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


_CODES = np.arange(256, dtype=np.float32) / 255
_LINEAR_OF_BYTE = linear_from_coded(_CODES)
