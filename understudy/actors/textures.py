"""Skin as textures: colour and gloss, pores as slopes, and the wrinkles a raised brow folds.

A texture lies in the head's grid coordinates; every texture is a pyramid, the finest level first.
"""

import cv2
import numpy as np

from understudy.actors.curves import (
    F32,
    Array,
    bump,
    fractal_noise,
    ridge,
    smooth_noise,
    smoothstep,
)
from understudy.actors.design import Design
from understudy.actors.geometry import ANGLES, CUT_ROW, MEAN, MOUTH_HALF_WIDTH, MOUTH_Y, NUM_ROWS, lip_distance
from understudy.actors.mask import beard_mask, brow_line, hairline
from understudy.randomness import numpy_generator

SIZE = 1024
NUM_LEVELS = 5
LIGHT_SKIN, DARK_SKIN = np.array([0.66, 0.43, 0.32]), np.array([0.075, 0.038, 0.024])
SCALP_TINT = {"bald": 0.0, "buzz": 0.72}
_SUBPIXEL_BITS = 3

Pyramid = list[Array]


def _spread(values: Array) -> Array:
    return np.asarray(cv2.resize(values.astype(F32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR))


CANONICAL = np.stack([_spread(MEAN[..., axis]) for axis in range(3)], -1)
X, Y, Z = (CANONICAL[..., axis] for axis in range(3))
AX = np.abs(X)
ANGLE = _spread(ANGLES)
FRONT = smoothstep(-1, 3, Z).astype(F32)
MOUTH_ROW = (CUT_ROW + 0.5) / NUM_ROWS * SIZE


class SkinTextures:
    """`color` holds linear RGB and gloss, `slopes` and `wrinkles` two slopes of the surface."""

    def __init__(self, color: Pyramid, slopes: Pyramid, wrinkles: Pyramid) -> None:
        self.color, self.slopes, self.wrinkles = color, slopes, wrinkles


def painted(design: Design) -> SkinTextures:
    """The skin of a person, with lips, brows' under-paint, stubble and scalp."""
    skin = design.skin
    generator = numpy_generator(design.seed, "skin")
    base = np.exp(np.log(LIGHT_SKIN) * (1 - skin.melanin) + np.log(DARK_SKIN) * skin.melanin)
    color = np.broadcast_to(base.astype(F32), (SIZE, SIZE, 3)) * _complexion(design, generator)
    color = color * _spots(design, generator)
    hair = np.array(design.hair.color, F32)
    stubble = (skin.stubble * beard_mask(CANONICAL) * (0.75 + 0.25 * smooth_noise(generator, SIZE, 2.5)))[..., None]
    color = color * (1 - 0.55 * stubble) + hair * 0.55 * stubble
    lips = smoothstep(0.07, -0.07, lip_distance(X, Y)) * FRONT
    lips = lips * smoothstep(1.01, 0.96, AX / MOUTH_HALF_WIDTH)
    creases = 1 + 0.08 * cv2.resize(
        generator.standard_normal((8, 420)).astype(F32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC
    )
    color = _with_lips(color, design, base, lips, creases)
    color = _with_lines(color)
    color = _with_brows(color, design, generator)
    scalp = smoothstep(-0.25, 0.55, Y + 0.18 * smooth_noise(generator, SIZE, 5) - hairline(ANGLE, design.hair))
    tint = SCALP_TINT.get(design.hair.style, 0.93)
    color = color * (1 - tint * scalp[..., None]) + (tint * scalp)[..., None] * hair
    gloss = _gloss(design, generator, lips, scalp * (tint > 0))
    relief, folds = _relief(design, generator, lips, creases)
    return SkinTextures(
        color=pyramid(np.dstack([np.clip(color, 0.002, 0.95), gloss])),
        slopes=pyramid(_slopes(relief * 3.2)),
        wrinkles=pyramid(_slopes(-folds * 0.22)),
    )


def pyramid(finest: Array) -> Pyramid:
    """A texture and its halvings."""
    levels = [finest.astype(F32)]
    while len(levels) < NUM_LEVELS:
        levels.append(np.asarray(cv2.pyrDown(levels[-1])))
    return levels


def sample(texture: Array, positions: Array) -> Array:
    """A level's values (P, K) at texture positions (P, 2), 0…1, bilinear."""
    num_points, row_length = len(positions), 2048
    rows = -(-num_points // row_length)
    xy = np.zeros((rows * row_length, 2), F32)
    xy[:num_points] = positions * F32(texture.shape[0]) - F32(0.5)
    columns = xy.reshape(rows, row_length, 2)
    values = cv2.remap(
        texture,
        np.ascontiguousarray(columns[..., 0]),
        np.ascontiguousarray(columns[..., 1]),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(values.reshape(rows * row_length, -1)[:num_points])


def _complexion(design: Design, generator: np.random.Generator) -> Array:
    """What multiplies the base colour: blood, mottling, shadows round the eyes."""
    skin = design.skin
    red = 0.9 * bump(AX, Y, (4.0, -3.0), (1.8, 1.5)) + 0.7 * bump(AX, Y, (0, -4.3), (1.6, 1.0))
    red = red + 0.35 * bump(AX, Y, (0, -10.6), (2, 1.2)) + 0.25 * bump(AX, Y, (1.6, 0.2), (0.7, 0.7))
    red = red * FRONT + 0.16 * fractal_noise(generator, SIZE, 60) + 0.08 * fractal_noise(generator, SIZE, 12)
    flow = (0.35 + 0.8 * skin.blood) * (1 - 0.6 * skin.melanin)
    absorbed = (red * flow)[..., None] * np.array([0.02, 0.22, 0.18], F32)
    mottled = fractal_noise(generator, SIZE, 160) * 0.9 + 0.8 * bump(AX, Y, (0, 5), (4, 2.5)) * FRONT
    absorbed = absorbed + mottled[..., None] * np.array([0.02, 0.03, 0.06], F32)
    around_eyes = 0.20 * bump(AX, Y, (3.0, -1.0), (1.5, 0.45)) + 0.16 * bump(AX, Y, (2.2, 0.8), (1.4, 0.5))
    around_eyes = (around_eyes + 0.1 * bump(AX, Y, (1.7, -0.3), (0.5, 0.6))) * FRONT * (0.4 + skin.age)
    absorbed = absorbed + around_eyes[..., None] * np.array([0.8, 1.1, 1.0], F32)
    grain = 1 + 0.03 * fractal_noise(generator, SIZE, 8, 3)
    return np.asarray(np.exp(-absorbed) * grain[..., None], dtype=F32)


def _spots(design: Design, generator: np.random.Generator) -> Array:
    """Freckles over nose and cheeks, and the moles of the design, as factors of colour."""
    factor = np.ones((SIZE, SIZE, 3), F32)
    count = int(1300 * design.skin.freckles)
    if count:
        layer = np.zeros((SIZE, SIZE), F32)
        across = SIZE / 2 + generator.standard_normal(count) * 150
        down = MOUTH_ROW - 60 - generator.random(count) * 330
        for u, v, size in zip(across, down, generator.random(count), strict=True):
            _dot(layer, u, v, radius=1 + 2.0 * size, strength=0.25 + 0.45 * size)
        where = (0.2 + bump(AX, Y, (1.8, -2.4), (3.6, 1.9))) * FRONT * smoothstep(0.1, -0.6, Y - 0.6)
        layer = cv2.GaussianBlur(layer, (0, 0), 1.3) * where
        factor = factor * np.exp(-layer[..., None] * np.array([0.35, 0.75, 0.95], F32))
    for x, y in design.skin.moles:
        layer = np.exp(-((np.hypot(X - x, Y - y) / 0.09) ** 4)) * FRONT
        factor = factor * np.exp(-layer[..., None] * np.array([0.7, 1.0, 1.1], F32))
    return np.asarray(factor, dtype=F32)


def _dot(layer: Array, u: float, v: float, *, radius: float, strength: float) -> None:
    scale = 1 << _SUBPIXEL_BITS
    center = (int(u * scale), int(v * scale))
    cv2.circle(layer, center, int(scale * radius), float(strength), -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def _with_lips(color: Array, design: Design, base: Array, lips: Array, creases: Array) -> Array:
    skin = design.skin
    bare = base * (1 - skin.lip_tint * np.array([0.22, 0.62, 0.58])) * (1 - 0.15 * skin.melanin)
    painted_red = np.array([0.34, 0.035, 0.05]) * (1 - 0.5 * skin.melanin)
    red = bare * (1 - skin.lipstick) + painted_red * skin.lipstick
    cover = (0.88 * lips)[..., None]
    return np.asarray(color * (1 - cover) + cover * creases[..., None] * red, dtype=F32)


def _with_lines(color: Array) -> Array:
    """The line between the lips, the nostrils, the crease beside the wings of the nose."""
    inside = smoothstep(1.05, 0.95, AX / MOUTH_HALF_WIDTH) * FRONT
    dark = 1.1 * ridge(Y - MOUTH_Y, 0.07) * inside
    nostrils = 3.2 * bump(AX, Y, (0.60, -5.02), (0.30, 0.20), 1.5) * smoothstep(9.2, 9.8, Z)
    wings = 0.30 * bump(AX, Y, (1.78, -4.6), (0.5, 0.5)) * FRONT
    tint = np.array([0.8, 1, 1], F32)
    return np.asarray(color * np.exp(-(dark + wings)[..., None]) * np.exp(-nostrils[..., None] * tint), dtype=F32)


def _with_brows(color: Array, design: Design, generator: np.random.Generator) -> Array:
    hair = design.hair
    half_width = hair.brow_half_width * np.interp(AX, [1.1, 1.6, 3.5, 5.5], [0.6, 1, 0.95, 0.35])
    away = np.abs(Y - brow_line(AX)) / half_width
    ends = smoothstep(1.05, 1.7, AX) * smoothstep(5.6, 4.8, AX)
    cover = smoothstep(1.4, 0.4, away) * ends * FRONT * hair.brow
    cover = np.clip(cover * (0.55 + 0.12 * smooth_noise(generator, SIZE, 5)), 0, 1)[..., None]
    return np.asarray(color * (1 - cover) + cover * np.array(hair.color, F32) * 0.8, dtype=F32)


def _gloss(design: Design, generator: np.random.Generator, lips: Array, scalp: Array) -> Array:
    gloss = 0.36 + 0.28 * bump(AX, Y, (0, -3.5), (1.3, 3)) * FRONT + 0.18 * bump(AX, Y, (0, 4.5), (3.5, 2)) * FRONT
    gloss = np.clip(gloss + 0.1 * fractal_noise(generator, SIZE, 20), 0.1, 1) * (1 - 0.7 * scalp)
    return np.asarray(gloss * (1 - lips) + lips * (0.75 + 0.5 * design.skin.lipstick))


def _relief(design: Design, generator: np.random.Generator, lips: Array, creases: Array) -> tuple[Array, Array]:
    """Heights in centimetres: pores and lip creases; the folds of the forehead apart."""
    age = design.skin.age
    relief = 0.009 * smooth_noise(generator, SIZE, 3.0) + 0.015 * fractal_noise(generator, SIZE, 14, 3) * (1 + age)
    relief = relief - 0.3 * lips * np.abs(creases - 1)
    waves = sum((ridge(Y - height - 0.10 * np.cos(AX * 0.9), 0.11) for height in (3.4, 4.2, 5.0)), np.zeros_like(Y))
    folds = waves * smoothstep(4.8, 3.0, AX) * FRONT
    return np.asarray(relief - 0.05 * folds * age), np.asarray(folds)


def _slopes(height: Array) -> Array:
    down, across = np.gradient(height)
    return np.dstack([across, down])
