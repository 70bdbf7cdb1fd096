"""Light: a key, a fill and a rim lamp under a sky; shadow maps; out-of-focus backgrounds."""

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.curves import F32, Array, dot, unit
from understudy.actors.rasteriser import rasterise
from understudy.randomness import numpy_generator

SCENE_RADIUS, SCENE_CENTER = 17.0, np.array([0, -2, 0], F32)
DEPTH_RANGE = 60.0


@dataclass(frozen=True, eq=False)
class Light:
    """Directions towards the lamps (3,) and linear RGB (3,) of lamps, sky and ground."""

    key_direction: Array
    key: Array
    fill_direction: Array
    fill: Array
    rim_direction: Array
    rim: Array
    sky: Array
    ground: Array


def lamps(
    azimuth_deg: float = -35.0,
    *,
    elevation_deg: float = 30.0,
    key: float = 1.0,
    fill: float = 0.28,
    ambient: float = 0.36,
    rim: float = 0.4,
    warmth: float = 0.25,
) -> Light:
    """A key lamp from one side (negative: picture's left) and above, a fill from the other, a rim from behind."""
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    towards = [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    direction = np.array(towards, F32)
    return Light(
        key_direction=direction,
        key=np.array([1 + 0.18 * warmth, 1, 1 - 0.25 * warmth], F32) * F32(key * 1.25),
        fill_direction=unit(np.array([-direction[0] * 0.9, 0.15, 0.6], F32)),
        fill=np.array([0.92, 0.97, 1.06], F32) * F32(fill),
        rim_direction=unit(np.array([-direction[0] * 1.2, 0.45, -0.8], F32)),
        rim=np.full(3, rim, F32),
        sky=np.array([0.95, 1, 1.08], F32) * F32(ambient),
        ground=np.array([1.05, 0.95, 0.85], F32) * F32(ambient * 0.55),
    )


class ShadowMap:
    """Distances from one lamp, to tell which points it reaches."""

    def __init__(self, points: Array, triangles: Array, direction: Array, *, size: int) -> None:
        towards = np.asarray(direction / np.sqrt((np.asarray(direction) ** 2).sum()), F32)
        helper = np.array([0, 1, 0] if abs(towards[1]) < 0.95 else [1, 0, 0], F32)
        across = unit(np.cross(helper, towards))
        self._basis = (across.astype(F32), np.cross(towards, across).astype(F32), towards)
        self._size = size
        x, y, depth = self._project(points)
        self._depth = rasterise(np.stack([x, y], -1).astype(F32), depth.astype(F32), triangles, size=(size, size))[1]

    def visible(self, points: Array, *, bias: float, taps: tuple[tuple[float, float], ...] = ((0, 0),)) -> Array:
        """Share of `taps` (offsets in map texels) at which points (N, 3) are lit: (N,) float32, 0…1."""
        x, y, depth = self._project(points)
        depth = depth + bias / (2 * DEPTH_RANGE)
        lit = np.zeros(len(points), F32)
        for dx, dy in taps:
            column = np.clip((x + dx).astype(np.int32), 0, self._size - 1)
            row = np.clip((y + dy).astype(np.int32), 0, self._size - 1)
            lit += self._depth[row, column] <= depth
        return lit / F32(len(taps))

    def _project(self, points: Array) -> tuple[Array, Array, Array]:
        offset = np.asarray(points, F32) - SCENE_CENTER
        across, up, towards = (dot(offset, axis) for axis in self._basis)
        x = (across / SCENE_RADIUS + 1) * self._size / 2
        y = (1 - up / SCENE_RADIUS) * self._size / 2
        return x, y, (towards + DEPTH_RANGE) / (2 * DEPTH_RANGE)


def room(seed: int, *, size: tuple[int, int], warmth: float = 0.0) -> Array:
    """A room far out of focus: linear RGB (height, width, 3), muted walls with soft lights and shapes."""
    generator = numpy_generator(seed, "room")
    height, width = size
    wall = 0.03 + 0.08 * generator.random((2, 1)) + 0.035 * generator.random((2, 3))
    wall = wall * np.array([1 + 0.3 * warmth, 1, 1 - 0.3 * warmth])
    down = np.linspace(0, 1, height)[:, None, None]
    picture = np.broadcast_to(wall[0] * (1 - down) + wall[1] * down, (height, width, 3)).astype(F32)
    for _ in range(8):
        shape = _blurred_shape(generator, height, width)
        tint = (0.05 + 0.35 * generator.random() ** 2) * (0.75 + 0.5 * generator.random(3)) * np.array([1.1, 1, 0.9])
        picture = (picture * (1 - 0.6 * shape) + 0.6 * shape * tint).astype(F32)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), width * 0.012))


def _blurred_shape(generator: np.random.Generator, height: int, width: int) -> Array:
    x, y = generator.random() * width, generator.random() * height
    half_width, half_height = (0.04 + 0.2 * generator.random(2)) * width
    mask = np.zeros((height, width), F32)
    if generator.random() < 0.5:
        corner, opposite = (int(x - half_width), int(y - half_height)), (int(x + half_width), int(y + half_height))
        cv2.rectangle(mask, corner, opposite, 1.0, -1)
    else:
        cv2.circle(mask, (int(x), int(y)), int(half_width * 0.5), 1.0, -1)
    blur_px = width * (0.015 + 0.03 * generator.random())
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px))[..., None]
