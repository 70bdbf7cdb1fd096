"""A rough mask of a face drawn in to where the picture shows its edge.

Landmarks on the far side of a turned head lie off the cheek by several hundredths of a face; paint there would hang in
front of the background. The guided filter (He, Sun and Tang 2013) explains the mask by the picture's colours in
overlapping windows: what looks like the inside stays, what looks like the outside goes. Computed on a reduced picture
and applied to the full one (He and Sun 2015), so that its cost does not grow with the resolution.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

Planes = Sequence[np.ndarray]  # one (H, W) array a channel

SIDE_PX = 150  # face side at which the filter's coefficients are computed
WINDOW = 0.2  # half side of its windows, in face sides
SMOOTHNESS = 0.02  # differences of coded colour that are taken for the same surface
OUTSIDE, INSIDE = 0.4, 0.8  # filtered values that are surely one or the other


def snap_to_picture(mask: np.ndarray, coded: np.ndarray, *, side_px: float) -> np.ndarray:
    """`mask` (H, W) 0-1 with its edge at the edge in the picture `coded` (H, W, 3) 0-1; float32 (H, W), 0-1.

    Where the picture shows no edge, as between cheek and neck, the mask's own stays, a little softer.
    """
    factor = min(SIDE_PX / side_px, 1.0)
    small = [_reduced(image, factor) for image in (mask, *cv2.split(coded))]
    gains, offset = _coefficients(small[0], small[1:], radius_px=max(1, round(WINDOW * side_px * factor)))
    extent = (mask.shape[1], mask.shape[0])
    filtered = cv2.resize(offset, extent, interpolation=cv2.INTER_LINEAR)
    for channel, gain in enumerate(gains):
        filtered += cv2.resize(gain, extent, interpolation=cv2.INTER_LINEAR) * coded[..., channel]
    return np.clip((filtered - OUTSIDE) / (INSIDE - OUTSIDE), 0, 1).astype(np.float32)


def _coefficients(mask: np.ndarray, color: Planes, *, radius_px: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The filter's linear model, mask = sum of gain * colour + offset: three gains (H, W) and the offset (H, W)."""

    def mean(image: np.ndarray) -> np.ndarray:
        side = 2 * radius_px + 1
        return cv2.boxFilter(image, -1, (side, side), borderType=cv2.BORDER_REPLICATE)

    middle, cover = [mean(plane) for plane in color], mean(mask)
    shared = [mean(plane * mask) - its * cover for plane, its in zip(color, middle, strict=True)]
    spread = {
        (one, other): mean(color[one] * color[other]) - middle[one] * middle[other] + SMOOTHNESS**2 * (one == other)
        for one, other in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    }
    gains = _solve(spread, shared)
    offset = cover - sum(gain * its for gain, its in zip(gains, middle, strict=True))
    return [mean(gain) for gain in gains], mean(offset)


def _solve(matrix: Mapping[tuple[int, int], np.ndarray], right: Planes) -> list[np.ndarray]:
    """Solutions of symmetric 3x3 systems, given as planes, by cofactors: the same bits with every BLAS."""
    aa, ab, ac, bb, bc, cc = (matrix[place] for place in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    first = (bb * cc - bc * bc, ac * bc - ab * cc, ab * bc - ac * bb)
    second = (first[1], aa * cc - ac * ac, ab * ac - aa * bc)
    third = (first[2], second[2], aa * bb - ab * ab)
    determinant = aa * first[0] + ab * first[1] + ac * first[2]
    return [(row[0] * right[0] + row[1] * right[1] + row[2] * right[2]) / determinant for row in (first, second, third)]


def _reduced(image: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1.0:
        return image
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
