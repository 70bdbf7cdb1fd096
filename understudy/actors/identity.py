"""What makes a head somebody's: named displacements of the mean surface.

A design gives each an amount: 0 is the mean, ±1 a clear, ±2 an extreme variation.
"""

import numpy as np

from understudy.actors.curves import F32, Array, bump, ridge, smoothstep
from understudy.actors.geometry import EYE_X, MEAN, MOUTH_HALF_WIDTH, MOUTH_Y

EYE_ZOOM = 0.13


def _fields() -> dict[str, Array]:
    x, y, z = np.moveaxis(MEAN.astype(float), -1, 0)
    ax, side, above = np.abs(x), np.sign(x), y - MOUTH_Y
    front, head = smoothstep(-2, 3, z), smoothstep(-15, -11, y)
    fields: dict[str, Array] = {}

    def add(name: str, *, dx: Array | float = 0.0, dy: Array | float = 0.0, dz: Array | float = 0.0) -> None:
        fields[name] = np.stack([np.broadcast_to(part, x.shape) for part in (dx, dy, dz)], -1).astype(F32)

    def at(place: tuple[float, float], size: tuple[float, float]) -> Array:
        return bump(ax, y, place, size) * front

    # the whole head
    add("width", dx=0.45 * x / 7 * head)
    add("face_len", dy=-0.55 * smoothstep(-1, -11, y) * smoothstep(-16, -12, y))
    wrap = np.minimum(ax / 4.5, 1.6) ** 2 * smoothstep(-11.5, -7, y) * smoothstep(7, 3.5, y)
    add("wrap", dz=-0.6 * wrap * front)
    add("forehead", dx=0.15 * side * at((5.5, 4), (2, 3)), dz=0.40 * at((0, 6.0), (5, 2.4)))
    add("skull_h", dy=0.45 * smoothstep(4, 10, y))
    slender = smoothstep(-8.5, -13, y)
    add("neck", dx=0.55 * x / 5 * slender, dz=0.3 * z / 5 * slender)
    # jaw, chin, cheeks
    add("jaw_w", dx=0.5 * side * smoothstep(0, 3, ax) * ridge(y + 8, 3.2) * smoothstep(-4, 1, z))
    add("chin_w", dx=0.42 * x / 2 * at((0, -10.8), (2.6, 1.6)))
    add("chin_z", dz=0.55 * at((0, -10.6), (2.4, 1.5)))
    add("malar", dx=0.18 * side * at((5.2, -1.8), (1.9, 1.6)), dz=0.35 * at((4.6, -1.8), (1.7, 1.4)))
    add("cheek", dx=0.25 * side * at((4.9, -5.8), (1.8, 2.2)), dz=0.45 * at((4.4, -5.8), (1.8, 2.2)))
    # brows and eyes
    add("brow_ridge", dz=0.30 * at((2.2, 1.8), (2.4, 0.9)))
    add("brow_y", dy=0.28 * at((3.2, 2.1), (2.4, 1.0)))
    eye = at((EYE_X, 0), (1.9, 1.5))
    add("eye_dist", dx=0.22 * side * at((EYE_X, 0), (1.9, 1.8)))
    add("eye_depth", dz=0.22 * eye)
    add("eye_size", dx=EYE_ZOOM * (ax - EYE_X) * side * eye, dy=EYE_ZOOM * y * eye, dz=0.06 * eye)
    # nose
    add("nose_len", dy=-0.38 * at((0, -4.6), (2.0, 1.9)), dz=0.12 * at((0, -4.6), (1.2, 1.5)))
    add("nose_w", dx=0.24 * np.clip(x, -1.8, 1.8) / 1.2 * at((0, -4.6), (2.3, 1.0)))
    add("nose_z", dz=0.55 * at((0, -4.1), (1.2, 1.4)))
    add("bridge_z", dz=0.40 * at((0, -0.6), (0.85, 1.6)))
    add("hump", dz=0.25 * at((0, -2.0), (0.9, 0.85)))
    add("bridge_w", dx=0.20 * np.clip(x, -1.3, 1.3) * at((0, -1.6), (1.5, 1.8)))
    add("tip_up", dy=0.30 * bump(ax, y, (0, -4.4), (0.95, 0.8)) * smoothstep(9.7, 11.0, z))
    # mouth
    add("mouth_w", dx=0.30 * x / MOUTH_HALF_WIDTH * at((0, MOUTH_Y), (3.4, 1.5)))
    inside = np.clip(1 - (ax / (MOUTH_HALF_WIDTH * 1.15)) ** 2, 0, 1) * front
    upper, lower = smoothstep(0, 0.3, above), smoothstep(0, -0.3, above)
    add(
        "ulip",
        dy=0.20 * inside * ridge(above - 0.75, 0.5) * upper,
        dz=0.16 * inside * ridge(above - 0.35, 0.35) * smoothstep(0, 0.2, above),
    )
    add(
        "llip",
        dy=-0.20 * inside * ridge(above + 0.9, 0.55) * lower,
        dz=0.18 * inside * ridge(above + 0.42, 0.4) * smoothstep(0, -0.2, above),
    )
    add("mouth_y", dy=0.25 * at((0, MOUTH_Y), (3.2, 1.6)))
    add("mouth_z", dz=0.38 * at((0, MOUTH_Y), (2.6, 1.7)))
    add("mouth_curve", dy=0.16 * (ax / MOUTH_HALF_WIDTH) ** 2 * at((0, MOUTH_Y), (3.0, 1.0)))
    return fields


IDENTITY_FIELDS = _fields()


def shaped(amounts: dict[str, float], generator: np.random.Generator) -> Array:
    """The neutral surface (NUM_ROWS, NUM_COLUMNS, 3) of an identity: named amounts and a little irregularity."""
    surface = MEAN.copy()
    for name, amount in amounts.items():
        surface += F32(amount) * IDENTITY_FIELDS[name]
    for index in range(14):
        surface += _irregularity(generator, is_symmetric=index % 4 > 0)
    return surface


def _irregularity(generator: np.random.Generator, *, is_symmetric: bool) -> Array:
    """A long, faint wave over the head; a few are not symmetric, since no face is."""
    x, y, z = np.moveaxis(MEAN, -1, 0)
    frequency = generator.standard_normal(3) * 0.30
    direction = generator.standard_normal(3) * np.array([0.05, 0.05, 0.07])
    phase = generator.uniform(0, 2 * np.pi)
    across = np.abs(x) if is_symmetric else x
    wave = np.cos(frequency[0] * across + frequency[1] * y + frequency[2] * z + phase) * smoothstep(-15, -11, y)
    if not is_symmetric:
        return np.asarray(0.5 * wave[..., None] * direction, dtype=F32)
    mirrored = np.stack([np.tanh(x / 1.5), np.ones_like(x), np.ones_like(x)], -1)
    return np.asarray(wave[..., None] * direction * mirrored, dtype=F32)
