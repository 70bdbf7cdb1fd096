"""Ears, and a torso in a shirt: what a head needs around it."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from understudy.actors.curves import F32, Array, ridge, smoothstep, unit

EAR_SHAPE, TORSO_SHAPE = (22, 48), (48, 90)

# y, half width, half depth and z of the centre, from the collar's rim down.
TORSO_RINGS = np.array(
    [
        [-14.9, 5.65, 5.45, -2.6],
        [-15.0, 5.95, 5.75, -2.6],
        [-15.7, 6.25, 6.0, -2.6],
        [-16.3, 6.35, 6.05, -2.6],
        [-18.0, 8.6, 7.0, -2.8],
        [-19.6, 13.5, 7.8, -3.0],
        [-21.4, 18.0, 8.6, -3.2],
        [-24, 20.6, 9.6, -3.4],
        [-28, 21.5, 10.4, -3.4],
        [-36, 20.5, 11, -3.4],
    ]
)


def ear(side: int, *, size: float, flare: float) -> tuple[Array, Array]:
    """Points (22, 48, 3) and self-shadow (22, 48) of one ear; `flare` says how far it stands off."""
    rows, columns = EAR_SHAPE
    from_canal = np.linspace(0, 1.35, rows)[:, None]
    angle = np.linspace(0, 2 * np.pi, columns)[None]
    radius, sine, cosine = np.minimum(from_canal, 1.0), np.sin(angle), np.cos(angle)
    half_width = 1.75 + 0.25 * np.cos(2 * angle) + 0.35 * sine * (cosine > 0)
    across = -cosine * radius * half_width * np.where(cosine < 0, 0.62, 1.0)
    up = sine * radius * (3.05 + 0.15 * sine)
    lobe = smoothstep(-0.55, -0.95, sine)
    across = across * (1 - 0.28 * lobe) + 0.25 * lobe * radius
    relief = _ear_relief(radius, cosine, lobe)
    behind = np.maximum(from_canal - 1, 0) / 0.35
    lift = 0.15 + 0.95 * flare * smoothstep(1.2, -1.6, across) * radius
    out = lift + relief * 0.75 - behind * (lift + 0.6)
    up, across = up * (1 - 0.12 * behind), across * (1 - 0.12 * behind)
    tilt = 0.16
    x = 6.95 + out * size
    y = -1.35 + (up + across * np.sin(tilt) * 0.2) * size
    z = -0.9 + (across * np.cos(tilt) - 0.6 * up * np.sin(tilt)) * size
    shade = np.clip(1 + 0.9 * relief, 0.35, 1) * (1 - 0.3 * behind) * smoothstep(-0.1, 0.35, radius + 0.15)
    return np.stack([side * x, y, z], -1).astype(F32), np.broadcast_to(shade, EAR_SHAPE).astype(F32)


def torso(*, width: float, neck: float) -> Array:
    """Points (48, 90, 3) of shoulders in a round-necked shirt that fits a neck of this identity amount."""
    rows, columns = TORSO_SHAPE
    position = np.linspace(0, len(TORSO_RINGS) - 1, rows)
    rings = PchipInterpolator(np.arange(len(TORSO_RINGS)), TORSO_RINGS)(position)
    y, half_width, half_depth, center_z = (rings[:, index : index + 1] for index in range(4))
    angle = np.linspace(-np.pi, np.pi, columns)
    at_collar = smoothstep(-22, -16, y)
    half_width = half_width * (1 + (width - 1) * (1 - at_collar)) + 0.45 * neck * at_collar
    half_depth = half_depth + 0.3 * max(neck, 0.0) * at_collar
    tilt = 1.3 - 1.7 * smoothstep(-0.7, 1, np.cos(angle)) * at_collar + 0.6 * smoothstep(0, 1, -np.cos(angle))
    return np.stack([half_width * np.sin(angle), y + tilt, center_z + half_depth * np.cos(angle)], -1).astype(F32)


def grid_triangles(rows: int, columns: int, *, is_flipped: bool = False) -> Array:
    """(T, 3) int32 vertex indices of a grid's triangles."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    triangles = np.concatenate([np.stack([a, c, b], -1), np.stack([b, c, d], -1)]).astype(np.int32)
    return triangles[:, ::-1].copy() if is_flipped else triangles


def mesh_normals(points: Array, *, is_flipped: bool = False) -> Array:
    """Unit normals of a grid of points (rows, columns, 3)."""
    normals = unit(np.cross(np.gradient(points, axis=1), -np.gradient(points, axis=0)))
    return -normals if is_flipped else normals


def _ear_relief(radius: Array, cosine: Array, lobe: Array) -> Array:
    """Concha, inner fold, rim and tragus as heights over the ear's plane."""
    fold = 0.42 * ridge(radius - 0.52, 0.12) - 0.15 * ridge(radius - 0.72, 0.1)
    relief = -0.55 * ridge(radius, 0.32) + fold * (1 - lobe) * smoothstep(0.9, 0.3, -cosine)
    relief = relief + 0.38 * ridge(radius - 0.93, 0.08) * (1 - 0.7 * lobe)
    return np.asarray(relief + 0.25 * ridge(radius - 0.35, 0.12) * (cosine < -0.6))
