"""The mean head: an analytic surface of rings, sampled on a grid with a cut for the mouth.

Centimetres; x to the picture's right, y up, z towards the camera; the origin lies between the ears at eye height.
The surface is a grid of `NUM_ROWS` rings from the crown down to the throat, by `NUM_COLUMNS` angles around the head
(0 is the front, both ends meet at the back). Rows `CUT_ROW` − 1 and `CUT_ROW` are the upper and the lower lip's edge.
"""

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from understudy.actors.curves import F32, Array, bump, ellipsoid_cap, ridge, smooth_max, smoothstep

MOUTH_Y, MOUTH_HALF_WIDTH = -7.15, 2.55
EYE_X, EYE_Y, EYE_Z, EYE_RADIUS = 3.15, 0.0, 7.05, 1.20
NUM_COLUMNS = 241

# One ring a row: front y, z; side x, y, z; back y, z; roundness exponents of the front and the back half.
RINGS = np.array(
    [
        [11.45, -0.9, 0.10, 11.45, -1.0, 11.45, -1.1, 2.0, 2.0],
        [11.42, 0.2, 1.20, 11.4, -1.0, 11.42, -2.4, 2.0, 2.0],
        [11.15, 2.2, 2.9, 11.1, -1.1, 11.15, -4.6, 2.0, 2.0],
        [10.3, 4.9, 4.75, 10.2, -1.3, 10.3, -7.1, 2.0, 2.0],
        [8.6, 7.35, 6.4, 8.4, -1.4, 8.6, -9.1, 2.05, 2.0],
        [6.4, 8.75, 7.25, 6.3, -1.5, 6.4, -9.9, 2.12, 2.0],
        [4.3, 9.35, 7.50, 4.3, -1.5, 4.3, -10.0, 2.2, 2.0],
        [2.2, 9.55, 7.35, 2.2, -1.4, 2.2, -9.8, 2.25, 2.0],
        [0.2, 9.15, 7.05, 0.4, -1.0, 0.2, -9.3, 2.25, 2.0],
        [-2.0, 9.15, 6.80, -1.6, -0.7, -1.6, -8.7, 2.2, 2.0],
        [-4.0, 9.3, 6.45, -3.2, -0.6, -3.2, -8.0, 2.1, 2.0],
        [-6.0, 9.35, 6.05, -4.7, -0.5, -4.6, -7.5, 1.98, 2.0],
        [-8.0, 9.2, 5.65, -6.0, -0.4, -5.8, -7.2, 1.86, 2.0],
        [-10.0, 8.9, 5.40, -7.1, -0.4, -6.7, -7.0, 1.70, 2.0],
        [-11.2, 8.5, 5.15, -7.8, -0.5, -7.5, -7.0, 1.60, 2.0],
        [-11.75, 7.5, 5.00, -8.4, -0.8, -8.1, -7.0, 1.62, 2.0],
        [-12.0, 5.6, 4.85, -9.3, -1.4, -9.0, -7.1, 1.85, 2.0],
        [-12.6, 3.3, 4.95, -10.6, -2.0, -10.0, -7.2, 1.95, 2.0],
        [-14.5, 2.5, 5.15, -13.2, -2.4, -12.2, -7.6, 2.0, 2.0],
        [-17.0, 2.5, 5.6, -16.4, -2.6, -15.0, -8.2, 2.0, 2.0],
        [-19.5, 3.0, 6.8, -19.0, -2.8, -17.5, -8.8, 2.0, 2.0],
    ]
)
NUM_RINGS = len(RINGS)

# Soft tissue: (height towards the camera, centre |x| and y, radii).
FOREHEAD_AND_ORBITS = (
    (0.55, (0, -7.3), (2.5, 2.0)),  # muzzle
    (-0.95, (2.55, -0.05), (1.55, 1.05)),  # orbit
    (-0.16, (3.0, 0.9), (1.5, 0.55)),  # hollow above the upper lid
    (0.20, (2.6, 2.0), (1.9, 0.75)),  # brow ridge
    (-0.10, (0, 3.4), (4.5, 1.0)),  # above the ridge
    (0.22, (2.6, 5.2), (2.2, 1.6)),  # frontal eminence
    (0.45, (4.7, -2.0), (1.6, 1.1)),  # cheek bone
    (-0.10, (2.3, -1.55), (1.2, 0.45)),  # tear trough
    (-0.35, (4.9, -5.6), (1.5, 1.9)),  # cheek hollow
    (0.55, (0, -10.5), (1.6, 0.95)),  # chin
    (-0.28, (0, -8.95), (1.9, 0.5)),  # furrow under the lower lip
)

_PROFILE_POSITIONS = np.linspace(0, NUM_RINGS - 1, 4001)
_PROFILE = gaussian_filter1d(
    PchipInterpolator(np.arange(NUM_RINGS), RINGS, axis=0)(_PROFILE_POSITIONS), 70, axis=0, mode="nearest"
)
_NOSE_HEIGHT = PchipInterpolator(
    [-5.6, -5.32, -5.12, -4.92, -4.62, -4.3, -3.95, -3.4, -2.5, -1.5, -0.5, 0.4, 1.2, 2.2],
    [9.80, 9.92, 10.4, 10.9, 11.38, 11.55, 11.5, 11.2, 10.55, 9.92, 9.4, 9.15, 9.35, 9.5],
)
_NOSE_WIDTH = PchipInterpolator(
    [-5.6, -5.2, -4.6, -4, -3, -1.5, 0, 1.2, 2.2], [0.5, 0.45, 0.7, 0.8, 0.72, 0.66, 0.62, 0.9, 1.3]
)


def ring_at(position: Array) -> Array:
    """The nine numbers of the ring at a position along the profile, 0 (crown) to `NUM_RINGS` − 1 (throat)."""
    return np.stack([np.interp(position, _PROFILE_POSITIONS, column) for column in _PROFILE.T], -1)


def position_of_height(y: Array | float) -> Array:
    """The position along the profile where the front of the head is at height `y`."""
    return np.asarray(np.interp(-np.asarray(y, float), -_PROFILE[:, 0], _PROFILE_POSITIONS))


def upper_lip_height(across: Array) -> Array:
    """Height of the upper lip's red above the mouth line; `across` is −1…1 from corner to corner."""
    width = np.abs(across)
    return np.asarray(np.maximum(0.80 * (1 - width**1.7) - 0.15 * np.exp(-((across / 0.13) ** 2)), 0) * (width < 1))


def lower_lip_height(across: Array) -> Array:
    """Height of the lower lip's red below the mouth line; `across` is −1…1 from corner to corner."""
    width = np.abs(across)
    return np.asarray(np.maximum(0.98 * np.maximum(1 - width**2.2, 0) ** 0.85, 0) * (width < 1))


def lip_distance(x: Array, y: Array) -> Array:
    """How far a canonical point lies outside the red of the lips, negative inside."""
    across, above = np.clip(x / MOUTH_HALF_WIDTH, -1.02, 1.02), y - MOUTH_Y
    return np.where(above >= 0, above - upper_lip_height(across), -above - lower_lip_height(across))


def mean_surface(angle: Array, position: Array) -> Array:
    """The mean head (…, 3) at angles around it and positions along the profile, at rest and without identity."""
    x, y, z = _skull(angle, position)
    front = smoothstep(0, 0.25, np.cos(angle))
    ax = np.abs(x)
    for height, at, size in FOREHEAD_AND_ORBITS:
        z = z + height * bump(ax, y, at, size) * front
    z = z + _nasolabial_fold(ax, y) * front
    z = _with_lids(ax, y, z, front)
    z = _with_nose(ax, y, z, front)
    nostril = bump(ax, y, (0.60, -5.05), (0.32, 0.22), 1.4) * front
    z = z - 0.55 * nostril
    tip = bump(ax, y, (0, -4.75), (1.1, 0.5)) * front * smoothstep(9.7, 10.9, z)
    lowered = y + nostril * 0.22 - 0.22 * tip
    z = z + _lips(x, y) * front + _neck(x, y) * front
    return np.stack([x, lowered, z], -1)


def grid_normals(points: Array) -> tuple[Array, Array]:
    """Unit normals and unit tangents (around the head) of a deformed grid (NUM_ROWS, NUM_COLUMNS, 3)."""
    inner = points[:, :-1]
    around = np.roll(inner, -1, 1) - np.roll(inner, 1, 1)
    around = np.concatenate([around, around[:, :1]], 1)
    down = np.empty_like(points)
    for block in (slice(0, CUT_ROW), slice(CUT_ROW, NUM_ROWS)):
        rows, slope = points[block], down[block]
        slope[1:-1] = rows[2:] - rows[:-2]
        slope[0], slope[-1] = rows[1] - rows[0], rows[-1] - rows[-2]
    normals = _unit(np.cross(around, -down))
    closed = np.abs(MEAN[CUT_ROW, :, 0]) >= MOUTH_HALF_WIDTH * 0.98
    middle = _unit(normals[CUT_ROW - 1] + normals[CUT_ROW])
    normals[CUT_ROW - 1][closed] = normals[CUT_ROW][closed] = middle[closed]
    return normals, _unit(around)


def _skull(angle: Array, position: Array) -> tuple[Array, Array, Array]:
    front_y, front_z, side_x, side_y, side_z, back_y, back_z, front_n, back_n = np.moveaxis(ring_at(position), -1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    facing = cosine > 0
    exponent = np.where(facing, front_n, back_n)
    depth = np.maximum(np.where(facing, front_z - side_z, side_z - back_z), 0.05)
    radius = 1 / ((np.abs(sine) / side_x) ** exponent + (np.abs(cosine) / depth) ** exponent) ** (1 / exponent)
    turned = np.abs(angle)
    to_side = smoothstep(np.radians(22), np.radians(88), turned)
    to_back = smoothstep(np.pi / 2, np.pi, turned)
    y = front_y + (side_y - front_y) * to_side + (back_y - side_y) * to_back
    return radius * sine, y, side_z + radius * cosine


def _nasolabial_fold(ax: Array, y: Array) -> Array:
    fold_x = 1.95 + 0.42 * np.clip(-4.4 - y, -0.5, 4)
    where = smoothstep(-3.6, -4.8, y) * smoothstep(-8.6, -7.0, y)
    return np.asarray(where * (-0.10 * ridge(ax - fold_x, 0.22) + 0.13 * ridge(ax - fold_x - 0.7, 0.6)))


def _with_lids(ax: Array, y: Array, z: Array, front: Array) -> Array:
    """Lids are skin that slides over a sphere slightly larger than the eyeball."""
    lid = ellipsoid_cap(ax, y, (EYE_X, EYE_Y, EYE_Z), (1.5, 1.35, EYE_RADIUS + 0.13))
    z = np.where(front > 0, smooth_max(z, lid, 0.3), z)
    return np.asarray(z - 0.07 * lid_crease(ax, y) * front)


def lid_crease(ax: Array, y: Array) -> Array:
    """1 in the fold of the open upper lid, in canonical coordinates."""
    return ridge(y - (0.98 - 0.16 * ((ax - 3.1) / 1.4) ** 2), 0.10) * smoothstep(1.9, 0.9, np.abs(ax - 3.1))


def _with_nose(ax: Array, y: Array, z: Array, front: Array) -> Array:
    """Ridge, flanks, tip and wings, united smoothly."""
    along = np.clip(y, -5.6, 2.2)
    rise, width = np.maximum(_NOSE_HEIGHT(along) - z, 0), _NOSE_WIDTH(along)
    flank = z + rise * 0.46 * ridge(ax, width * 2.0)
    bridge = z + rise * ridge(ax, width, 2.3) * smoothstep(2.2, 1.0, y) * smoothstep(-5.75, -5.3, y)
    flank = z + (flank - z) * smoothstep(2.2, 1.0, y) * smoothstep(-5.75, -5.3, y)
    nose = smooth_max(np.maximum(bridge, flank), flank, 0.12)
    nose = smooth_max(nose, ellipsoid_cap(ax, y, (0.0, -4.25, 10.58), (0.98, 0.82, 1.0)), 0.45)
    nose = smooth_max(nose, ellipsoid_cap(ax, y, (1.12, -4.55, 9.72), (0.66, 0.62, 0.85)), 0.3)
    return np.where(front > 0, nose, z)


def _lips(x: Array, y: Array) -> Array:
    ax, across, above = np.abs(x), np.clip(x / MOUTH_HALF_WIDTH, -1.3, 1.3), y - MOUTH_Y
    upper, lower = upper_lip_height(across), lower_lip_height(across)
    inside = np.clip(1 - np.abs(across) ** 2.4, 0, 1)
    fullness_up = 0.46 * inside * np.exp(-(((above - 0.50 * upper) / (0.161 + 0.42 * upper)) ** 2))
    fullness_down = 0.60 * inside * np.exp(-(((-above - 0.50 * lower) / (0.161 + 0.44 * lower)) ** 2))
    height = np.where(above >= 0, fullness_up, fullness_down)
    height = height + 0.05 * ridge(above - upper, 0.08) * inside * (above >= 0)
    height = height - 0.48 * np.sqrt(inside) * ridge(above, 0.13)
    height = height - 0.22 * bump(ax, above, (MOUTH_HALF_WIDTH + 0.05, 0), (0.35, 0.28))
    height = height + 0.10 * bump(ax, above, (MOUTH_HALF_WIDTH + 0.55, -0.2), (0.4, 0.8))
    height = height - 0.12 * bump(ax, y, (0, -5.95), (0.28, 0.55))
    return np.asarray(height + 0.07 * bump(ax, y, (0.48, -5.95), (0.16, 0.5)))


def _neck(x: Array, y: Array) -> Array:
    larynx = 0.35 * bump(x, y, (0, -14.3), (0.9, 0.9))
    muscles = 0.25 * ridge(np.abs(x) - 2.6 + 0.25 * (y + 19), 0.7)
    return np.asarray(smoothstep(-11.9, -13.5, y) * (larynx + muscles))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9))


def _row_positions() -> tuple[Array, int]:
    upper = (
        np.linspace(11.45, 8, 18)[:-1],
        np.linspace(8, 3, 28)[:-1],
        np.arange(3, -5.4, -0.1),
        np.arange(-5.4, MOUTH_Y + 0.35, -0.07),
        np.linspace(MOUTH_Y + 0.33, MOUTH_Y, 9),
    )
    lower = (
        np.linspace(MOUTH_Y, MOUTH_Y - 0.33, 9),
        np.arange(MOUTH_Y - 0.4, -9, -0.07),
        np.arange(-9, -11.2, -0.13),
    )
    throat = np.linspace(float(position_of_height(-11.2)), NUM_RINGS - 1, 34)
    above, below = np.concatenate(upper), np.concatenate(lower)
    return np.concatenate([position_of_height(above), position_of_height(below), throat]), len(above)


def _triangles(step: int = 1) -> Array:
    """(T, 3) int32 vertex indices of every `step`-th row and column; the mouth stays cut."""
    rows = np.concatenate([np.arange(CUT_ROW - 1, -1, -step)[::-1], np.arange(CUT_ROW, NUM_ROWS, step)])
    index = np.arange(NUM_ROWS * NUM_COLUMNS).reshape(NUM_ROWS, NUM_COLUMNS)[rows][:, ::step]
    keep = np.ones((len(rows) - 1, index.shape[1] - 1), bool)
    keep[int((rows < CUT_ROW).sum()) - 1] = False
    a, b, c, d = index[:-1, :-1][keep], index[:-1, 1:][keep], index[1:, :-1][keep], index[1:, 1:][keep]
    return np.concatenate([np.stack([a, c, b], -1), np.stack([b, c, d], -1)]).astype(np.int32)


ROW_POSITIONS, CUT_ROW = _row_positions()
NUM_ROWS = len(ROW_POSITIONS)
_ACROSS = np.linspace(-1, 1, NUM_COLUMNS)
COLUMN_ANGLES = np.pi * (0.42 * _ACROSS + 0.58 * _ACROSS**3)
ANGLES, POSITIONS = np.meshgrid(COLUMN_ANGLES, ROW_POSITIONS)
HEIGHTS = ring_at(POSITIONS)[..., 0]
MEAN = mean_surface(ANGLES, POSITIONS).astype(F32)
IS_LOWER = np.zeros((NUM_ROWS, NUM_COLUMNS), bool)
IS_LOWER[CUT_ROW:] = True
TRIANGLES = _triangles()
COARSE_TRIANGLES = _triangles(2)
