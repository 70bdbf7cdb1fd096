"""Drawing strands: every piece of hair adds coverage to its pixels, so that thin hair is soft and dense hair opaque."""

from typing import NamedTuple

import numpy as np

from understudy.actors.camera import Camera
from understudy.actors.curves import F32, Array, rotated, unit
from understudy.actors.hair import Strands
from understudy.actors.scene import Scene
from understudy.actors.shading import shade_hair
from understudy.randomness import numpy_generator

HAIR_CENTER = np.array([[0, 1.0, -0.5]], F32)
MAX_STEPS = 200
DEPTH_LAYER = 0.985  # nearness relative to the front-most strand up to which strands are seen


class Dabs(NamedTuple):
    """Points of strands on pixels: flat `pixels`, `nearness`, linear RGB `color` (P, 3) and `opacity`, each (P,)."""

    pixels: Array
    nearness: Array
    color: Array
    opacity: Array


def draw_strands(
    picture: Array,
    groups: list[Strands],
    *,
    moved: Array,
    seed: int,
    nearness: Array,
    scene: Scene,
) -> None:
    """Blend strands into a flat linear picture (H · W, 3), behind nothing nearer than `nearness` (H · W).

    `moved` (vertices, 3) is how far each vertex of the head has moved from rest; rooted strands follow.
    """
    dabs = [
        _dabs(
            group,
            moved=moved,
            generator=numpy_generator(seed, "strand colours", index),
            nearness=nearness,
            scene=scene,
        )
        for index, group in enumerate(groups)
    ]
    _blend(picture, Dabs(*(np.concatenate(parts) for parts in zip(*dabs, strict=True))))


def _dabs(
    group: Strands,
    *,
    moved: Array,
    generator: np.random.Generator,
    nearness: Array,
    scene: Scene,
) -> Dabs:
    points = group.points if group.roots is None else group.points + moved[group.roots][:, None]
    world = scene.pose.of_head(points)
    positions, near = scene.camera.project(world)
    color = _strand_colors(group, world, generator=generator, scene=scene)
    slack = F32(0.9995 if points.shape[1] > 5 else 0.9965)
    return _on_pixels(
        positions, near, color, nearness=nearness, camera=scene.camera, slack=slack, opacity=group.opacity
    )


def _strand_colors(
    group: Strands,
    world: Array,
    *,
    generator: np.random.Generator,
    scene: Scene,
) -> Array:
    """Linear RGB (N, K, 3) at every point of the strands, darker towards the roots of long hair."""
    count, num_points = world.shape[:2]
    normals = np.repeat(rotated(group.normals, scene.pose.rotation)[:, None], num_points, axis=1)
    if num_points > 8:  # far from its root a strand faces away from the head's middle, not from the root's skin
        outward = unit((world - scene.pose.of_head(HAIR_CENTER)[0]) * np.array([1, 0.35, 1], F32))
        along = np.linspace(0, 1, num_points, dtype=F32)[None, :, None]
        normals = normals * (1 - along) + outward * along
    flat, flat_normals = world.reshape(-1, 3), normals.reshape(-1, 3)
    shadow = scene.shadows.visible(flat + flat_normals * F32(0.45), bias=0.35)
    root_shade = np.linspace(0.5 if num_points > 5 else 0.8, 1, num_points, dtype=F32)
    depth = np.broadcast_to(root_shade, (count, num_points))
    shaded = shade_hair(
        group.color,
        tangents=np.gradient(world, axis=1).reshape(-1, 3),
        normals=flat_normals,
        view=unit(scene.camera.position - flat),
        light=scene.light,
        shadow=shadow,
        occlusion=depth.ravel() * F32(0.9),
    )
    variation = np.clip(1 + group.variation * generator.standard_normal(count), 0.35, 2.2).astype(F32)
    return np.asarray(shaded.reshape(count, num_points, 3) * variation[:, None, None] * depth[..., None])


def _on_pixels(
    positions: Array, near: Array, color: Array, *, nearness: Array, camera: Camera, slack: np.float32, opacity: float
) -> Dabs:
    """Every segment stepped pixel by pixel; hidden and outside steps are left out."""
    height, width = camera.raster
    num_points = positions.shape[1]
    steps = np.ceil(np.maximum(np.abs(np.diff(positions, axis=1)).max(-1), 0.01)).astype(np.int32)
    is_drawn = _may_be_seen(positions, near, nearness, size=(height, width))
    steps = np.where(is_drawn, np.minimum(steps, MAX_STEPS), 0).ravel()
    segment = np.repeat(np.arange(steps.size), steps)
    within = np.arange(len(segment)) - np.repeat(np.cumsum(steps) - steps, steps)
    share = ((within + 0.5) / steps[segment]).astype(F32)
    start = segment // (num_points - 1) * num_points + segment % (num_points - 1)

    def between(values: Array) -> Array:
        first = values[start]
        weight = share if first.ndim == 1 else share[:, None]
        return np.asarray(first + (values[start + 1] - first) * weight)

    flat_positions, flat_near = positions.reshape(-1, 2), near.reshape(-1)
    place, depth = between(flat_positions), between(flat_near)
    column, row = np.floor(place[:, 0]).astype(np.int32), np.floor(place[:, 1]).astype(np.int32)
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    pixels = np.where(inside, row * width + column, 0)
    keep = inside & (depth > nearness[pixels] * slack)
    start, share = start[keep], share[keep]
    along = (start % num_points + share) / (num_points - 1)
    taper = (opacity * (1 - 0.75 * along * along)).astype(F32)
    return Dabs(pixels[keep], depth[keep], between(color.reshape(-1, 3)), taper)


def _may_be_seen(positions: Array, near: Array, nearness: Array, *, size: tuple[int, int]) -> Array:
    """Segments (N, K − 1) whose ends lie in the picture and which are not clearly behind the figure."""
    height, width = size
    x, y = positions[..., 0], positions[..., 1]
    inside = (x > -20) & (x < width + 20) & (y > -20) & (y < height + 20)
    column = np.clip(x[:, :-1].astype(np.int32), 0, width - 1)
    row = np.clip(y[:, :-1].astype(np.int32), 0, height - 1)
    return np.asarray(inside[:, :-1] & inside[:, 1:] & (near[:, :-1] > nearness[row * width + column] * F32(0.975)))


def _blend(picture: Array, dabs: Dabs) -> None:
    """Coverage of a pixel grows with the dabs of its front layer; its colour is their mean."""
    count = len(picture)
    front = np.zeros(count, F32)
    np.maximum.at(front, dabs.pixels, dabs.nearness)
    is_front = dabs.nearness > front[dabs.pixels] * F32(DEPTH_LAYER)
    pixels, color, opacity = dabs.pixels[is_front], dabs.color[is_front], dabs.opacity[is_front]
    weight = np.bincount(pixels, opacity, count)
    covered = np.flatnonzero(weight)
    total = weight[covered][:, None]
    mean = np.stack([np.bincount(pixels, opacity * color[:, c], count)[covered] for c in range(3)], -1) / total
    cover = 1 - np.exp(-total)
    picture[covered] = (picture[covered] * (1 - cover) + mean * cover).astype(F32)
