"""Eyes: the opening between the lids, the eyeballs behind it, and the lashes on its rim."""

from typing import NamedTuple

import numpy as np

from understudy.actors.curves import F32, Array, dot, rotated, smooth_max, smoothstep, unit
from understudy.actors.design import Eyes
from understudy.actors.geometry import EYE_RADIUS, EYE_X, EYE_Y, EYE_Z, MEAN
from understudy.actors.identity import EYE_ZOOM
from understudy.actors.lighting import Light, ShadowMap
from understudy.actors.performance import Performance
from understudy.actors.surface import EYE_WINDOWS, locate

SIDES = (-1, 1)
IRIS_RADIUS, PUPIL = 0.62, 0.36
SCLERA = np.array([0.56, 0.52, 0.49], F32)
GAZE_DEG = (30.0, 22.0)
NUM_LASHES = 130
SHADOW_TAPS = ((-1, -1), (1, 1), (-1, 1), (1, -1))


class LidCurves(NamedTuple):
    """At canonical |x|: `across` (−1 inner corner, 1 outer), heights of the `upper` and `lower` lid's edge."""

    across: Array
    upper: Array
    lower: Array


class Lashes(NamedTuple):
    """What is fixed about one eye's lashes: position along the lid, length, and irregular direction."""

    across: Array
    length: Array
    stray: Array


def lid_curves(ax: Array, eyes: Eyes, performance: Performance) -> LidCurves:
    """The lids' edges above canonical |x|, as the performance has them."""
    across = (ax - 3.08) / 1.42
    inside = np.clip(across, -1, 1)
    middle = -0.10 + eyes.tilt * 0.12 * across
    wide = eyes.open * 0.53 - 0.22 * max(-performance.gaze_y, -0.4)
    arch = np.maximum(1 - np.abs(inside + 0.06) ** 2.3 * 0.9 - 0.1 * inside**2, 0) ** 0.85
    deep = 0.37 - 0.13 * performance.squint - 0.10 * performance.smile
    bowl = np.maximum(1 - np.abs(inside - 0.08) ** 2.2 * 0.86 - 0.14 * inside**2, 0) ** 0.9
    corner = np.sqrt(np.maximum(1 - inside**8, 0))
    blink = min(max(performance.blink, 0.0), 1.0)
    lower = middle - deep * bowl * corner * (1 - 0.25 * blink)
    upper = (middle + wide * arch * corner) * (1 - blink) + (lower + 0.02) * blink
    return LidCurves(across, upper, lower)


def eye_offsets(neutral: Array, surface: Array = MEAN) -> dict[int, Array]:
    """How far an identity's eyes lie from the mean's, by side: (3,) each."""
    offsets = {}
    for side in SIDES:
        center = locate(np.array([(side * EYE_X, 0.0)]))
        rim = locate(np.array([(side * x, y) for x, y in ((1.9, -0.1), (4.3, 0.0), (EYE_X, 0.55), (EYE_X, -0.55))]))
        moved = (rim.on(neutral) - rim.on(surface)).mean(0)
        depth = (center.on(neutral) - center.on(surface))[0, 2]
        offsets[side] = np.array([moved[0], moved[1], min(depth, moved[2] + 0.05) - 0.02], F32)
    return offsets


def eyeball_patch(side: int) -> tuple[Array, Array]:
    """The front of an eyeball on the mean head: grid of points (26, 30, 3) and its coordinates (26, 30, 2)."""
    u, v = np.meshgrid(np.linspace(-1.75, 1.75, 30), np.linspace(1.3, -1.3, 26))
    ball = np.sqrt(np.maximum(EYE_RADIUS**2 - u * u - v * v, 0))
    z = smooth_max(ball, 0.30 - 0.22 * (np.abs(u) / 1.5) ** 2, 0.12)
    return np.stack([side * EYE_X + u, EYE_Y + v, EYE_Z + z], -1), np.stack([u, v], -1)


def placed_eyeball(points: Array, *, side: int, offset: Array, eye_size: float) -> Array:
    """An eyeball patch of the mean head where an identity has it."""
    center = np.array([side * EYE_X, EYE_Y, EYE_Z], F32)
    zoom = np.array([1 + EYE_ZOOM * eye_size * 0.8] * 2 + [1.0], F32)
    return np.asarray((points - center) * zoom + center + offset)


def shade_eye(
    eyes: Eyes,
    performance: Performance,
    *,
    side: int,
    offset: Array,
    head_points: Array,
    points: Array,
    view: Array,
    below_upper: Array,
    above_lower: Array,
    rotation: Array,
    light: Light,
    shadows: ShadowMap,
) -> Array:
    """Linear RGB (P, 3) of eyeball fragments: sclera, iris with its limbus, pupil, wet highlights.

    `head_points` and `points` are the fragments before and after the head's turn, `below_upper` and `above_lower`
    their canonical distances from the lids' edges, which shade the ball.
    """
    center = np.array([side * EYE_X, EYE_Y, EYE_Z], F32) + offset
    axis = _gaze_axis(performance, side)
    ball = unit(head_points - center)
    cosine = np.clip(dot(ball, axis), -1, 1)
    color, in_iris = _eye_color(eyes, ball, cosine, axis, -side * (head_points[:, 0] - center[0]))
    normal = rotated(ball, rotation)
    occlusion = (0.30 + 0.70 * smoothstep(0.0, 0.34, below_upper)) * (0.75 + 0.25 * smoothstep(0.0, 0.16, above_lower))
    occlusion = occlusion[:, None].astype(F32)
    lit = np.clip((dot(normal, light.key_direction) + 0.25) / 1.25, 0, 1)[:, None]
    visible = shadows.visible(points + normal * F32(0.5), bias=0.25, taps=SHADOW_TAPS)[:, None]
    ambient = (light.sky + light.ground) * F32(0.5)
    received = light.key * lit * (0.3 + 0.7 * visible) * occlusion
    received = received + (ambient + light.fill * F32(0.6)) * occlusion * (0.6 + 0.4 * normal[:, 1:2])
    cornea = rotated(unit(ball + 1.1 * (ball - axis * cosine[:, None]) * in_iris), rotation)
    return np.asarray(color * received + _wetness(cornea, view, occlusion, light, ambient), dtype=F32)


def lash_strands(
    lashes: dict[int, Lashes], eyes: Eyes, offsets: dict[int, Array], surface: Array, performance: Performance
) -> Array:
    """Lashes as polylines (N, 4, 3) on the deformed surface, upper and lower, both eyes."""
    blink = min(max(performance.blink, 0.0), 1.0)
    strands = []
    for side, one in lashes.items():
        ax = 3.12 + 1.5 * one.across
        curves = lid_curves(ax, eyes, performance)
        center = np.array([side * EYE_X, EYE_Y, EYE_Z], F32) + offsets[side]
        spread = side * (one.across + 0.15)[:, None] * np.array([0.55, 0, 0], F32)
        for height, is_upper in ((curves.upper, True), (curves.lower, False)):
            root = EYE_WINDOWS[side].points(surface, ax, height)
            rise = np.array([0, 0.55 - 1.2 * blink if is_upper else -0.6, 0], F32)
            direction = unit(unit(root - center) * F32(0.75 if is_upper else 0.6) + spread + rise + one.stray)
            length = (one.length * (0.58 if is_upper else 0.24) * (0.65 + 0.35 * (one.across + 1) / 2))[:, None]
            curl = np.array([0, 0.40 if is_upper else -0.1, 0], F32)
            steps = [root + direction * length * t + curl * length * t * t for t in (0, 0.35, 0.7, 1)]
            strands.append(np.stack(steps, 1)[:: 1 if is_upper else 3])
    return np.concatenate(strands).astype(F32)


def grown_lashes(generator: np.random.Generator, *, length: float) -> dict[int, Lashes]:
    """The lashes of both eyes, of a mean length in centimetres."""
    return {
        side: Lashes(
            np.linspace(-0.82, 0.98, NUM_LASHES) + generator.standard_normal(NUM_LASHES) * 0.012,
            (0.5 + 0.5 * generator.random(NUM_LASHES)) * length,
            generator.standard_normal((NUM_LASHES, 3)) * 0.13,
        )
        for side in SIDES
    }


def _gaze_axis(performance: Performance, side: int) -> Array:
    sideways, up = np.radians([performance.gaze_x * GAZE_DEG[0], performance.gaze_y * GAZE_DEG[1]])
    crossing = -side * 0.03
    axis = [np.sin(sideways) * np.cos(up) + crossing, np.sin(up), np.cos(sideways) * np.cos(up)]
    return unit(np.array(axis, F32))


def _eye_color(eyes: Eyes, ball: Array, cosine: Array, axis: Array, nasal: Array) -> tuple[Array, Array]:
    radius = np.arccos(cosine) * EYE_RADIUS
    first = unit(np.cross(np.array([0, 1, 0], F32), axis))
    angle = np.arctan2(dot(ball, np.cross(axis, first)), dot(ball, first))
    within = radius / IRIS_RADIUS
    fibers = 0.75 + 0.20 * np.sin(angle * 23 + 3 * np.sin(angle * 5)) * np.sin(angle * 41)
    fibers = fibers + 0.25 * np.exp(-(((within - 0.55) / 0.14) ** 2))
    iris = np.array(eyes.iris, F32) * (fibers * (1.25 - 0.35 * within))[:, None] * 1.5
    iris = iris * (1 - 0.78 * smoothstep(0.80, 1.0, within))[:, None]
    white = SCLERA * (1 - np.array([0.06, 0.18, 0.18], F32) * smoothstep(0.7, 1.35, radius)[:, None])
    caruncle = smoothstep(1.30, 1.50, nasal)[:, None]
    white = white * (1 - caruncle) + np.array([0.42, 0.20, 0.17], F32) * caruncle
    in_iris = smoothstep(1.06, 0.90, within)[:, None]
    color = white * (1 - in_iris) + iris * in_iris
    pupil = smoothstep(PUPIL + 0.06, PUPIL, within)[:, None]
    return np.asarray(color * (1 - pupil) + 0.004 * pupil), np.asarray(in_iris)


def _wetness(cornea: Array, view: Array, occlusion: Array, light: Light, ambient: Array) -> Array:
    highlight = np.zeros_like(cornea)
    for direction, color, gain in (
        (light.key_direction, light.key, 1.0),
        (light.fill_direction, light.fill, 0.9),
    ):
        half = unit(direction + view)
        highlight += (np.clip(dot(cornea, half), 0, 1) ** 380 * 2.8 * gain)[:, None] * color
    grazing = (1 - np.clip(dot(cornea, view), 0, 1)) ** 4
    reflection = 0.05 * smoothstep(0.1, 0.8, cornea[:, 1])[:, None] * ambient
    wet = highlight * (0.3 + 0.7 * occlusion) + reflection * occlusion
    return np.asarray(wet + 0.06 * grazing[:, None] * ambient * occlusion)
