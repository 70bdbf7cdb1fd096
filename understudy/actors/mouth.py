"""Inside the mouth: two rows of teeth, the tongue, the dark behind them."""

import numpy as np

from understudy.actors.curves import F32, Array, dot, smooth_max, smoothstep, unit
from understudy.actors.expressions import jaw_turned
from understudy.actors.geometry import MEAN, MOUTH_Y
from understudy.actors.lighting import Light, ShadowMap
from understudy.actors.performance import Performance
from understudy.actors.surface import locate

UPPER_TEETH, LOWER_TEETH, TONGUE, CAVITY = 2, 3, 4, 5
ENAMEL, GUM = np.array([0.70, 0.66, 0.58], F32), np.array([0.36, 0.13, 0.12], F32)
FLESH, DARK = np.array([0.30, 0.095, 0.09], F32), np.array([0.05, 0.014, 0.012], F32)
UPPER_GAPS = np.array([-0.97, -0.86, -0.72, -0.56, -0.36, -0.19, 0, 0.19, 0.36, 0.56, 0.72, 0.86, 0.97], F32)
LOWER_GAPS = np.linspace(-0.97, 0.97, 15).astype(F32)
SHADOW_TAPS = ((-1.5, -1.5), (1.5, 1.5), (-1.5, 1.5), (1.5, -1.5))

_UPPER_ROW = (0.75, -0.36, 2.45, 0.0)  # gum line and edge relative to the mouth line, arch radius, depth
_LOWER_ROW = (-0.42, -1.25, 2.3, -0.24)


def mouth_meshes() -> list[tuple[Array, Array, int]]:
    """Grids of points, their coordinates, and what they are, on the mean head with the mouth closed."""
    parts = []
    across, down = np.meshgrid(np.linspace(-1, 1, 40), np.linspace(0, 1, 8))
    for kind, (top, bottom, radius, depth) in ((UPPER_TEETH, _UPPER_ROW), (LOWER_TEETH, _LOWER_ROW)):
        angle = across * 1.3
        z = 8.85 + depth - 2.6 * (1 - np.cos(angle)) + 0.10 * np.sin(down * 3)
        points = np.stack([radius * np.sin(angle), MOUTH_Y + top + (bottom - top) * down, z], -1)
        parts.append((points, np.stack([across, down], -1), kind))
    u, v = np.meshgrid(np.linspace(-1, 1, 16), np.linspace(0, 1, 12))
    back = smooth_max(-0.35 - 0.9 * v, -1.15 + 0 * v, 0.3)
    tongue = np.stack([1.65 * u, MOUTH_Y + back - 0.3 * u * u, 5.0 + 3.0 * v], -1)
    parts.append((tongue[::-1], np.stack([u, v], -1)[::-1], TONGUE))
    u, v = np.meshgrid(np.linspace(-3.0, 3.0, 12), np.linspace(2.2, -4.6, 12))
    parts.append((np.stack([u, MOUTH_Y + v, 4.8 - 0.25 * u * u], -1), np.stack([u, v], -1), CAVITY))
    return parts


def mouth_offset(neutral: Array) -> Array:
    """How far an identity's mouth lies from the mean's, (3,)."""
    lips = locate(np.array([(0, MOUTH_Y + 0.5), (0, MOUTH_Y - 0.6)]))
    moved = (lips.on(neutral) - lips.on(MEAN)).mean(0)
    return np.array([0, moved[1], moved[2] - 0.25], F32)


def placed_mouth(points: Array, kinds: Array, *, offset: Array, mouth_width: float, performance: Performance) -> Array:
    """The mouth's parts (N, 3) where an identity has them, lower teeth and tongue moved with the jaw."""
    placed = points * np.array([1 + 0.06 * mouth_width, 1, 1], F32) + offset
    turns = (kinds == LOWER_TEETH) | (kinds == TONGUE)
    placed[turns] = jaw_turned(placed[turns], weights=1.0, jaw=performance.jaw)
    return np.asarray(placed, dtype=F32)


def shade_mouth(
    performance: Performance,
    *,
    kinds: Array,
    at: Array,
    points: Array,
    normals: Array,
    view: Array,
    light: Light,
    shadows: ShadowMap,
) -> Array:
    """Linear RGB (P, 3) of fragments inside the mouth; the wider it is open, the more light enters."""
    color = np.zeros_like(points)
    opening = 0.9 * performance.jaw + 0.5 * performance.lip_up + 0.5 * performance.lip_down
    entering = 0.62 + 0.35 * min(max(opening, 0.0), 1.0)
    ambient = (light.sky + light.ground) * F32(0.5)
    for kind in (UPPER_TEETH, LOWER_TEETH):
        of_kind = kinds == kind
        if of_kind.any():
            color[of_kind] = entering * _teeth(
                at[of_kind],
                points[of_kind],
                normals[of_kind],
                view[of_kind],
                is_upper=kind == UPPER_TEETH,
                light=light,
                shadows=shadows,
                ambient=ambient,
            )
    tongue = kinds == TONGUE
    lit = np.clip(dot(normals[tongue], light.key_direction), 0, 1)[:, None] * 0.4
    depth = 0.2 + 0.8 * at[tongue, 1:2]
    color[tongue] = FLESH * (ambient + light.key * lit) * entering * depth
    color[kinds == CAVITY] = DARK * ambient
    return color


def _teeth(
    at: Array,
    points: Array,
    normals: Array,
    view: Array,
    *,
    is_upper: bool,
    light: Light,
    shadows: ShadowMap,
    ambient: Array,
) -> Array:
    gaps = UPPER_GAPS if is_upper else LOWER_GAPS
    gap = smoothstep(0.0, 0.03, np.abs(at[:, :1] - gaps[None]).min(1))[:, None]
    down = at[:, 1:2]
    gum = smoothstep(0.28, 0.18, down) if is_upper else smoothstep(0.74, 0.84, down)
    surface = (ENAMEL * (0.80 + 0.20 * gap)) * (1 - gum) + GUM * gum
    visible = shadows.visible(points + normals * F32(0.3), bias=0.3, taps=SHADOW_TAPS)[:, None]
    lit = np.clip(dot(normals, light.key_direction), 0, 1)[:, None] * visible
    dim = np.clip(1.05 - 0.75 * np.abs(at[:, :1]) ** 1.5, 0.1, 1) * (0.6 + 0.4 * (down if is_upper else 1 - down))
    shine = (np.clip(dot(normals, unit(light.key_direction + view)), 0, 1) ** 60)[:, None] * 0.3
    return np.asarray(
        (surface * (light.key * lit + ambient + light.fill * F32(0.5)) + shine * light.key * visible) * dim
    )
