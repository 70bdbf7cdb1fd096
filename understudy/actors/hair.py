"""Hair: strands grown from the scalp by a style, beards, brows, and the shell that fills the gaps between strands."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from understudy.actors.curves import F32, Array, smoothstep, unit
from understudy.actors.design import Design
from understudy.actors.geometry import ANGLES, MEAN, NUM_COLUMNS, NUM_ROWS, ROW_POSITIONS, position_of_height
from understudy.actors.mask import beard_mask, brow_line, hairline
from understudy.actors.surface import locate
from understudy.randomness import numpy_generator

SKULL_CENTER, SKULL_RADII = np.array([0, 2.0, -0.35]), np.array([7.75, 9.6, 10.0])
DOWN = np.array([0, -1.0, 0])


@dataclass(frozen=True)
class Style:
    """How hair grows: lengths in centimetres, `comb` the direction (x away from the parting), the rest amounts."""

    num_strands: int = 0
    length: float = 0.0
    lift: float = 0.0
    comb: tuple[float, float, float] = (0, 0, 0)
    gravity: float = 0.0
    num_points: int = 12
    shell_cm: float = 0.0
    gap: float = 0.5
    mess: float = 0.2
    sides: float = 1.0
    part_x: float = 0.0
    is_long: bool = False
    curl: float = 0.0
    curl_rate: float = 2.2
    opacity: float = 1.6


STYLES = {
    "bald": Style(),
    "buzz": Style(7000, 0.35, 1.2, (0, 0.1, -0.3), 0.0, 3),
    "short": Style(13000, 2.1, 0.34, (0.25, 0.2, -0.9), 0.14, 8, shell_cm=0.5, gap=0.8, mess=0.26, sides=0.2),
    "quiff": Style(
        11000, 4.4, 0.75, (0.35, 0.45, -1.0), 0.12, 10, shell_cm=0.7, gap=2.0, mess=0.28, part_x=-3, sides=0.25
    ),
    "long": Style(
        8000,
        25,
        0.10,
        (1.0, 0.0, -0.75),
        0.55,
        26,
        shell_cm=0.55,
        gap=1.3,
        mess=0.14,
        part_x=1.2,
        is_long=True,
        curl=0.16,
        curl_rate=0.5,
        opacity=1.1,
    ),
    "bob": Style(
        7500, 15, 0.10, (1.0, -0.12, -0.30), 0.55, 20, shell_cm=0.55, gap=1.2, mess=0.10, part_x=-1.5, is_long=True
    ),
    "curly": Style(
        8000,
        3.6,
        0.9,
        (0.3, 0.1, -0.2),
        0.06,
        18,
        shell_cm=1.0,
        gap=1.9,
        mess=0.35,
        curl=0.32,
        curl_rate=1.2,
        sides=0.7,
    ),
}


class Strands(NamedTuple):
    """Polylines (N, K, 3) on the neutral head; `roots` are vertices they move with, None for the rigid scalp."""

    points: Array
    normals: Array
    color: Array
    roots: Array | None
    variation: float
    opacity: float


class Shell(NamedTuple):
    """A layer over the scalp: grid points (rows, columns, 3), how much of it is hair, both of the neutral head."""

    points: Array
    cover: Array


def grown(design: Design, neutral: Array, normals: Array) -> list[Strands]:
    """All strands of a person: scalp (if any), beard (if any), both brows."""
    generator = numpy_generator(design.seed, "hair")
    strands = []
    if STYLES[design.hair.style].num_strands:
        strands.append(_scalp_hair(design, neutral, normals, generator))
    if design.hair.beard:
        strands.append(_beard(design, neutral, normals, generator))
    strands.extend(_brow(design, neutral, normals, generator, side) for side in (-1, 1))
    return strands


def scalp_shell(design: Design, neutral: Array, normals: Array) -> Shell | None:
    """The layer under the strands, every second row and column of the head; None for styles without one."""
    style = STYLES[design.hair.style]
    if not style.shell_cm:
        return None
    generator = numpy_generator(design.seed, "hair shell")
    bumps = cv2.GaussianBlur(generator.standard_normal((NUM_ROWS, NUM_COLUMNS)).astype(F32), (0, 0), 3)
    cover = smoothstep(0.1, 2.6, MEAN[..., 1] - hairline(ANGLES, design.hair))
    sides = np.interp(MEAN[..., 1], [-2, 7], [style.sides * 0.8, 1])
    thickness = style.shell_cm * cover * (1 + 0.10 * bumps / bumps.std()) * sides - 0.12 * (1 - cover)
    lowest = int(np.argmin(np.abs(ROW_POSITIONS - position_of_height(-9))))
    points = neutral + normals * thickness[..., None]
    return Shell(points[:lowest:2, ::2].astype(F32), cover[:lowest:2, ::2].astype(F32))


def _scalp_hair(design: Design, neutral: Array, normals: Array, generator: np.random.Generator) -> Strands:
    style = STYLES[design.hair.style]
    lowest = int(np.argmin(np.abs(ROW_POSITIONS - position_of_height(-8.5))))
    above = MEAN[:lowest, :, 1] - hairline(ANGLES[:lowest], design.hair)
    density = _vertex_areas(neutral)[:lowest] * smoothstep(-0.35, 0.9, above) * (1 + 1.0 * smoothstep(1.8, 0.2, above))
    roots = _drawn(generator, density, style.num_strands)
    start = neutral[:lowest].reshape(-1, 3)[roots] + generator.standard_normal((style.num_strands, 3)) * 0.06
    normal = normals[:lowest].reshape(-1, 3)[roots]
    points = _combed(generator, start, normal, style, width=design.shape.get("width", 0.0))
    color = np.array(design.hair.color, F32)
    return Strands(points, normal.astype(F32), color, None, 0.25, style.opacity)


def _combed(generator: np.random.Generator, start: Array, normal: Array, style: Style, *, width: float) -> Array:
    """Strands that leave the scalp along the comb, fall, keep off the skull and hold together in clumps."""
    count = len(start)
    length = style.length * (0.75 + 0.5 * generator.random(count))
    length = length * np.interp(start[:, 1], [-1, 7], [style.sides, 1])
    step = (length / (style.num_points - 1))[:, None]
    clump = _clumps(generator, start)
    away = np.sign(start[:, :1] - style.part_x)
    combed = np.array(style.comb) * np.concatenate([away, np.ones((count, 2))], 1)
    stray = generator.standard_normal((count, 3))
    direction = unit(combed + style.lift * normal + style.mess * (0.6 * clump + 0.6 * stray))
    gap = (style.gap * (0.15 + 0.85 * generator.random(count)))[:, None]
    radii = SKULL_RADII * np.array([1 + width * 0.06, 1, 1])
    phase = generator.random(count) * 2 * np.pi
    position, points = start, [start]
    for index in range(1, style.num_points):
        if style.is_long:
            direction = _swept_aside(direction, position, away)
        direction = unit(direction + DOWN * style.gravity * step + 0.10 * clump * step * style.mess)
        position = position + direction * step
        position, direction = _kept_outside(position, direction, radii + np.minimum(gap, 0.02 + 0.35 * index))
        if style.is_long:
            position = _kept_off_the_face(position, gap)
        turn = phase + style.curl_rate * index
        wave = np.stack([np.cos(turn), 0.5 * np.sin(phase + turn), np.sin(turn)], -1)
        points.append(position + style.curl * wave * min(1.0, index / 3))
    return np.stack(points, 1).astype(F32)


def _clumps(generator: np.random.Generator, start: Array) -> Array:
    coarse = generator.standard_normal((3, 14, 14)).astype(F32)
    fields = np.stack([cv2.resize(one, (256, 256), interpolation=cv2.INTER_CUBIC) for one in coarse], -1)
    cell = np.clip((start[:, [0, 2]] / 22 + 0.5) * 255, 0, 255).astype(int)
    return np.asarray(fields[cell[:, 1], cell[:, 0]])


def _swept_aside(direction: Array, position: Array, away: Array) -> Array:
    """Long hair leaves the parting to the side before it falls."""
    strength = 0.55 * smoothstep(8.5, 6.0, position[:, 1]) * smoothstep(2.0, 5.0, position[:, 2])
    aside = np.concatenate([away * 1.3, np.zeros_like(away), -np.ones_like(away)], 1)
    return unit(direction + aside * strength[:, None])


def _kept_outside(position: Array, direction: Array, radii: Array) -> tuple[Array, Array]:
    """Points inside an ellipsoid of these radii around the skull are pushed onto it."""
    relative = (position - SKULL_CENTER) / radii
    distance = np.sqrt((relative**2).sum(1, keepdims=True))
    is_inside = (distance < 1) & (position[:, 1:2] > -3)
    pushed = SKULL_CENTER + relative / np.maximum(distance, 1e-3) * radii
    outward = unit(relative / radii)
    inward_part = np.minimum((direction * outward).sum(1, keepdims=True), 0)
    return (
        np.where(is_inside, pushed, position),
        np.where(is_inside, unit(direction - outward * inward_part), direction),
    )


def _kept_off_the_face(position: Array, gap: Array) -> Array:
    """Long hair falls beside the face and behind its plane."""
    x, y, z = position.T
    beside = np.sign(x) * np.maximum(np.abs(x), 6.9 + 0.9 * gap[:, 0])
    x = np.where((y < 2) & (z > -2), beside, x)
    return np.stack([x, y, np.where(y < 3.5, np.minimum(z, 2.4), z)], -1)


def _beard(design: Design, neutral: Array, normals: Array, generator: np.random.Generator) -> Strands:
    count = 9000
    roots = _drawn(generator, _vertex_areas(neutral) * beard_mask(MEAN), count)
    position = neutral.reshape(-1, 3)[roots] + generator.standard_normal((count, 3)) * 0.04
    normal = normals.reshape(-1, 3)[roots]
    length = design.hair.beard * (0.6 + 0.6 * generator.random(count))
    direction = unit(normal * 0.55 + np.array([0, -1, 0.1]) + 0.35 * generator.standard_normal((count, 3)))
    points = [position]
    for _ in range(4):
        direction = unit(direction + 0.15 * DOWN + 0.1 * generator.standard_normal((count, 3)))
        points.append(points[-1] + direction * length[:, None] / 4)
    color = np.array(design.hair.color, F32) * F32(1.1)
    return Strands(np.stack(points, 1).astype(F32), normal.astype(F32), color, roots, 0.3, 1.1)


def _brow(design: Design, neutral: Array, normals: Array, generator: np.random.Generator, side: int) -> Strands:
    hair, count = design.hair, int(620 * design.hair.brow)
    ax = 1.25 + 4.2 * generator.random(count) ** 0.9
    half_width = hair.brow_half_width * np.interp(ax, [1.2, 1.7, 3.5, 5.4], [0.6, 1, 0.9, 0.25])
    offset = np.clip(generator.standard_normal(count) * 0.5, -1, 1) * half_width
    places = locate(np.stack([side * ax, brow_line(ax) + offset], -1))
    root, roots = places.on(neutral), places.vertices[:, 0]
    normal = normals.reshape(-1, 3)[roots]
    slope = np.interp(ax, [1.2, 2, 3, 4, 5.4], [72, 48, 25, 0, -28])
    slope = slope - 30 * offset / half_width * smoothstep(2.2, 3.2, ax)
    angle = np.radians(slope + generator.standard_normal(count) * 9)
    direction = np.stack([side * np.cos(angle), np.sin(angle), np.zeros(count)], -1)
    direction = unit(direction - normal * (direction * normal).sum(1, keepdims=True) + 0.28 * normal)
    length = (0.36 + 0.30 * generator.random(count))[:, None]
    steps = [root + direction * length * t + normal * (0.02 + 0.10 * t * (1 - t)) for t in np.linspace(0, 1, 4)]
    color = np.array(hair.color, F32) * F32(0.8)
    return Strands(np.stack(steps, 1).astype(F32), normal.astype(F32), color, roots, 0.25, 0.5)


def _vertex_areas(surface: Array) -> Array:
    crossed = np.cross(np.gradient(surface, axis=0), np.gradient(surface, axis=1))
    return np.asarray(np.sqrt((crossed**2).sum(-1)))


def _drawn(generator: np.random.Generator, density: Array, count: int) -> Array:
    share = density.ravel() / density.sum()
    return np.asarray(generator.choice(share.size, count, p=share))
