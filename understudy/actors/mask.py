"""Regions of the head in canonical coordinates: the face, its likeness, the beard, the hairline, the brows."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from understudy.actors.curves import F32, Array, bump, ridge, smoothstep
from understudy.actors.design import Hair
from understudy.actors.geometry import MOUTH_HALF_WIDTH, lip_distance

_HAIRLINE = PchipInterpolator(
    [0, 14, 28, 40, 52, 62, 72, 80, 86, 92, 104, 116, 140, 180],
    [6.7, 6.8, 6.5, 5.5, 4.2, 3.0, 1.2, -0.6, -1.6, 1.0, -1.0, -5.0, -6.6, -7.2],
)
BROW_XS = np.array([1.2, 2.0, 3.0, 3.9, 4.7, 5.4])
BROW_YS = np.array([1.72, 1.98, 2.25, 2.36, 2.18, 1.80])


def face_mask(canonical: Array) -> Array:
    """0…1: the inner face (brows to chin, cheek to cheek) at canonical points (…, 3)."""
    x, y, z = canonical[..., 0], canonical[..., 1], canonical[..., 2]
    forehead = smoothstep(4.3, 3.2, y + 0.010 * np.abs(x) ** 3)
    return np.asarray(forehead * smoothstep(-11.8, -10.9, y) * smoothstep(1.2, 3.4, z), dtype=F32)


def likeness_mask(angle: Array, height: Array) -> Array:
    """0…1: where a true swap takes the other's shape: face and jaw, fading over temple, ear and throat."""
    above = smoothstep(6.0, 3.4, height)
    return np.asarray(
        above * smoothstep(-16.5, -11.9, height) * smoothstep(np.radians(118), np.radians(72), np.abs(angle))
    )


def hairline(angle: Array, hair: Hair) -> Array:
    """The height above which hair grows, at angles around the head."""
    degrees = np.degrees(np.abs(angle))
    return np.asarray(_HAIRLINE(np.clip(degrees, 0, 180)) + hair.hairline - hair.temples * ridge(degrees - 44, 18))


def brow_line(ax: Array) -> Array:
    """The height of the middle of the brow at canonical |x|."""
    return np.asarray(np.interp(ax, BROW_XS, BROW_YS))


def beard_mask(canonical: Array) -> Array:
    """0…1: where a beard grows: jaw, chin and upper lip, not on the lips."""
    x, y, z = (canonical[..., axis] for axis in range(3))
    ax = np.abs(x)
    edge = y + 0.35 * (ax - 3.5) * (ax < 3.5) - 1.21 * np.maximum(ax - 4.2, 0)
    jaw = smoothstep(-4.6, -7.6, edge) * smoothstep(-13.8, -12.3, y)
    moustache = bump(ax, y, (0, -5.95), (2.6, 0.50), 2)
    lips = smoothstep(0.22, 0.02, lip_distance(x, y)) * (ax < MOUTH_HALF_WIDTH * 1.05)
    beside_lip = 1 - 0.8 * bump(ax, y, (1.4, -8.8), (0.7, 0.6))
    grown = np.maximum(jaw, moustache) * (1 - lips) * smoothstep(-1.0, 2.5, z) * beside_lip
    return np.clip(grown, 0, 1).astype(F32)
