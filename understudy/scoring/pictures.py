"""What a face's pixels are like: sharpness inside it, and closeness to another picture of the same moment.

Closeness to the true swap lies when it is alone: a blur after 24 training steps is closer than every trained swap.
"""

import cv2
import numpy as np

from understudy.geometry import eye_distance

EDGE = 0.08  # the rim of the face that is left out, in outer-eye distances: a seam is not sharpness
SSIM_SIGMA, SSIM_TAPS = 1.5, 11
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def inner_mask(points: np.ndarray, *, frame_px: tuple[int, int]) -> np.ndarray:
    """The hull of 68 points without its rim, in a frame (width, height): uint8 (H, W), 0 or 1."""
    width, height = frame_px
    mask = np.zeros((height, width), np.uint8)
    corners = cv2.convexHull(np.round(points).astype(np.int32))
    cv2.fillConvexPoly(mask, corners, 1)
    rim = max(1, round(float(eye_distance(points)) * EDGE))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
    return cv2.erode(mask, kernel, borderValue=0)


def gradient_energy(image: np.ndarray, mask: np.ndarray) -> float:
    """Mean size of the luma gradient within `mask`, in codes a pixel, of an RGB uint8 image; NaN without mask."""
    grey = _grey(image)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return _mean_within(np.hypot(across, down), mask)


def psnr_db(image: np.ndarray, wanted: np.ndarray, mask: np.ndarray) -> float:
    """Peak signal-to-noise ratio within `mask` of two RGB uint8 images, in dB, at most 100."""
    error = _mean_within(((image.astype(np.float32) - wanted.astype(np.float32)) ** 2).mean(-1), mask)
    return float(min(100.0, 10 * np.log10(255**2 / max(error, 1e-9)))) if np.isfinite(error) else float("nan")


def ssim(image: np.ndarray, wanted: np.ndarray, mask: np.ndarray) -> float:
    """Structural similarity of luma within `mask` (Wang 2004: Gaussian window of 11 taps, sigma 1.5), -1 to 1."""
    first, second = _grey(image), _grey(wanted)
    mean_1, mean_2 = _blurred(first), _blurred(second)
    variance_1, variance_2 = _blurred(first**2) - mean_1**2, _blurred(second**2) - mean_2**2
    covariance = _blurred(first * second) - mean_1 * mean_2
    numerator = (2 * mean_1 * mean_2 + _C1) * (2 * covariance + _C2)
    return _mean_within(numerator / ((mean_1**2 + mean_2**2 + _C1) * (variance_1 + variance_2 + _C2)), mask)


def closeness(image: np.ndarray, wanted: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """PSNR in dB and SSIM within `mask` of two RGB uint8 images of one size; only the mask's surroundings are read."""
    if not mask.any():
        return float("nan"), float("nan")
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    around = tuple(slice(max(0, line[0] - SSIM_TAPS), line[-1] + SSIM_TAPS + 1) for line in (rows, columns))
    parts = image[around], wanted[around], mask[around]
    return psnr_db(*parts), ssim(*parts)


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _blurred(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (SSIM_TAPS, SSIM_TAPS), SSIM_SIGMA)


def _mean_within(values: np.ndarray, mask: np.ndarray) -> float:
    number = int(mask.astype(bool).sum())
    return float(values[mask.astype(bool)].sum(dtype=np.float64) / number) if number else float("nan")
