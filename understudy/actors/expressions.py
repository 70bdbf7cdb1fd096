"""Muscles: displacements of the surface that a performance blends, and the jaw that turns on its hinge."""

import numpy as np

from understudy.actors.curves import F32, Array, bump, ridge, smoothstep
from understudy.actors.geometry import HEIGHTS, IS_LOWER, MEAN, MOUTH_HALF_WIDTH, MOUTH_Y, lid_crease
from understudy.actors.performance import Performance

JAW_HINGE = np.array([0, -1.6, 1.2], F32)
JAW_DEG = 16.0


def _fields() -> dict[str, Array]:
    x, y, z = np.moveaxis(MEAN.astype(float), -1, 0)
    ax, side, above = np.abs(x), np.sign(x), y - MOUTH_Y
    front = smoothstep(-2, 3, z)
    fields: dict[str, Array] = {}

    def add(name: str, *, dx: Array | float = 0.0, dy: Array | float = 0.0, dz: Array | float = 0.0) -> None:
        parts = [np.broadcast_to(part, x.shape) * front for part in (dx, dy, dz)]
        fields[name] = np.stack(parts, -1).astype(F32)

    def at(place: tuple[float, float], size: tuple[float, float]) -> Array:
        return bump(ax, y, place, size)

    add("brow_up", dy=0.55 * at((3.0, 2.4), (2.6, 1.5)) * smoothstep(0.6, 1.6, y))
    add(
        "frown",
        dx=-0.28 * side * at((1.7, 1.8), (1.5, 0.9)),
        dy=-0.34 * at((1.7, 1.9), (1.8, 0.9)),
        dz=0.08 * at((0.6, 1.8), (0.5, 0.8)),
    )
    corner, cheek = at((MOUTH_HALF_WIDTH + 0.1, MOUTH_Y), (1.25, 1.2)), at((4.1, -3.4), (1.7, 1.5))
    add(
        "smile",
        dx=side * (0.55 * corner - 0.05 * cheek) + 0.10 * x * at((0, MOUTH_Y), (2.2, 1.2)),
        dy=0.62 * corner + 0.34 * cheek - 0.08 * at((0, MOUTH_Y), (1.2, 0.8)),
        dz=-0.55 * corner + 0.34 * cheek - 0.16 * at((0, MOUTH_Y), (1.8, 1.0)),
    )
    add(
        "pucker",
        dx=-0.36 * x * at((0, MOUTH_Y), (2.9, 1.7)),
        dy=0.10 * above * at((0, MOUTH_Y), (1.8, 1.2)),
        dz=0.62 * at((0, MOUTH_Y), (1.7, 1.25)),
    )
    inside = np.clip(1 - (ax / MOUTH_HALF_WIDTH) ** 2, 0, 1) ** 0.8
    add("lip_up", dy=0.42 * inside * ridge(np.maximum(above, 0), 1.3) * ~IS_LOWER)
    add("lip_down", dy=-0.42 * inside * ridge(np.minimum(above, 0), 1.2) * IS_LOWER)
    add(
        "squint",
        dy=0.16 * at((3.3, -1.0), (1.8, 0.6)) - 0.10 * at((3.5, 1.2), (2, 0.6)),
        dz=0.10 * at((3.3, -1.1), (1.7, 0.6)),
    )
    add("blink", dz=0.07 * lid_crease(ax, y) + 0.26 * at((3.0, 0.9), (1.6, 0.6)))  # the lid's fold is drawn out
    return fields


def _jaw_weights() -> Array:
    """How much of the jaw's turn each vertex makes, 0…1: the lips part like a lens."""
    x, y, z = np.moveaxis(MEAN.astype(float), -1, 0)
    shared = 0.46
    lens = np.clip(1 - (np.abs(x) / MOUTH_HALF_WIDTH) ** 2, 0, 1) ** 0.7
    chin = smoothstep(0, 1.5, -(HEIGHTS - MOUTH_Y))
    lower = (shared + (1 - shared) * lens) * (1 - chin) + chin
    upper = shared * (1 - lens) * smoothstep(-3.2, -7.0, HEIGHTS)
    front = smoothstep(0.5, 4.5, z + 0.5 * np.clip(-y - 9, 0, 3))
    return np.asarray(np.where(IS_LOWER, lower, upper) * front * smoothstep(-14.8, -11.6, y), dtype=F32)


EXPRESSION_FIELDS = _fields()
JAW_WEIGHTS = _jaw_weights()


def deformed(neutral: Array, performance: Performance) -> Array:
    """The surface (NUM_ROWS, NUM_COLUMNS, 3) of a neutral one under a performance, before the head is turned."""
    surface = neutral.copy()
    for name, field in EXPRESSION_FIELDS.items():
        amount = getattr(performance, name)
        if amount:
            surface += F32(amount) * field
    return jaw_turned(surface, weights=JAW_WEIGHTS, jaw=performance.jaw)


def jaw_turned(points: Array, *, weights: Array | float, jaw: float) -> Array:
    """Points (…, 3) turned about the jaw's hinge by their share of its opening."""
    angle = np.asarray(np.radians(jaw * JAW_DEG) * weights, dtype=F32)
    cosine, sine = np.cos(angle), np.sin(angle)
    offset = points - JAW_HINGE
    y, z = offset[..., 1], offset[..., 2]
    turned = np.stack([offset[..., 0], cosine * y - sine * z, sine * y + cosine * z], -1)
    return np.asarray(turned + JAW_HINGE, dtype=F32)
