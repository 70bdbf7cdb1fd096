"""A rough mask of a face drawn in to where the picture shows its edge.

Landmarks on the far side of a turned head lie off the cheek by several hundredths of a face; paint there would hang in
front of the background. The guided filter (He, Sun and Tang 2013) explains the mask by the picture's colours in
overlapping windows: what looks like the inside stays, what looks like the outside goes. Computed on a reduced picture
and applied to the full one (He and Sun 2015), so that its cost does not grow with the resolution.
"""

import cv2
import numpy as np

SIDE_PX = 150  # face side at which the filter's coefficients are computed
WINDOW = 0.2  # half side of its windows, in face sides
SMOOTHNESS = 0.02  # differences of coded colour that are taken for the same surface
OUTSIDE, INSIDE = 0.4, 0.8  # filtered values that are surely one or the other


def snap_to_picture(mask: np.ndarray, coded: np.ndarray, *, side_px: float) -> np.ndarray:
    """`mask` (H, W) 0-1 with its edge at the edge in the picture `coded` (H, W, 3) 0-1; float32 (H, W), 0-1.

    Where the picture shows no edge, as between cheek and neck, the mask's own stays, a little softer.
    """
    factor = min(SIDE_PX / side_px, 1.0)
    small = [_reduced(image, factor) for image in (mask, coded)]
    gain, offset = _coefficients(*small, radius_px=max(1, round(WINDOW * side_px * factor)))
    extent = (mask.shape[1], mask.shape[0])
    gain, offset = (cv2.resize(image, extent, interpolation=cv2.INTER_LINEAR) for image in (gain, offset))
    filtered = gain[..., 0] * coded[..., 0] + gain[..., 1] * coded[..., 1] + gain[..., 2] * coded[..., 2] + offset
    return np.clip((filtered - OUTSIDE) / (INSIDE - OUTSIDE), 0, 1).astype(np.float32)


def _coefficients(mask: np.ndarray, coded: np.ndarray, *, radius_px: int) -> tuple[np.ndarray, np.ndarray]:
    """The filter's linear model, mask = gain . colour + offset: (H, W, 3) and (H, W)."""

    def mean(image: np.ndarray) -> np.ndarray:
        side = 2 * radius_px + 1
        return cv2.boxFilter(image, -1, (side, side), borderType=cv2.BORDER_REPLICATE)

    color, cover = mean(coded), mean(mask)
    shared = np.stack([mean(coded[..., one] * mask) - color[..., one] * cover for one in range(3)], axis=-1)
    covariance = np.empty((*mask.shape, 3, 3), np.float32)
    for one in range(3):
        for other in range(3):
            spread = mean(coded[..., one] * coded[..., other]) - color[..., one] * color[..., other]
            covariance[..., one, other] = spread + SMOOTHNESS**2 * (one == other)
    gain = _solve(covariance, shared)
    offset = cover - (gain * color).sum(-1)
    return mean(gain), mean(offset)


def _solve(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of symmetric 3x3 systems (..., 3, 3) by cofactors, for the same bits with every BLAS."""
    rows = [matrices[..., row, :] for row in range(3)]
    cofactors = np.stack([np.cross(rows[1], rows[2]), np.cross(rows[2], rows[0]), np.cross(rows[0], rows[1])], axis=-1)
    determinant = (rows[0] * cofactors[..., 0]).sum(-1, keepdims=True)
    return (cofactors * right[..., None, :]).sum(-1) / determinant


def _reduced(image: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1.0:
        return image
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
