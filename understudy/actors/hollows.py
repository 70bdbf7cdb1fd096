"""What is seen through the lids and between the lips: eyeballs, teeth, tongue and the dark behind them."""

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.body import grid_triangles
from understudy.actors.camera import Camera
from understudy.actors.curves import F32, Array, rotated, smoothstep, unit
from understudy.actors.eyes import SIDES, eyeball_patch, lid_curves, placed_eyeball, shade_eye
from understudy.actors.figure import HEAD, NUM_HEAD
from understudy.actors.geometry import CUT_ROW, MOUTH_HALF_WIDTH, NUM_COLUMNS, NUM_ROWS
from understudy.actors.mouth import mouth_meshes, placed_mouth, shade_mouth
from understudy.actors.performance import Performance
from understudy.actors.person import Actor
from understudy.actors.rasteriser import Fragments, fragments_of, rasterise
from understudy.actors.scene import Scene
from understudy.actors.surface import column_at

FAR = F32(9.0)
BEHIND_LIPS, BEHIND_LIDS = np.array([0.012, 0.004, 0.004], F32), np.array([0.16, 0.07, 0.06], F32)
THROAT = (0.0, -7.2, 5.0)  # no hair is seen through the mouth


@dataclass(frozen=True, eq=False)
class Lids:
    """Per fragment of the figure: whether the eye shows there, distances from the lids' edges, rim, lash line."""

    is_open: Array
    below_upper: Array
    above_lower: Array
    rim: Array
    lash_line: Array


@dataclass(frozen=True, eq=False)
class Opening:
    """Flat `pixels` where eyes and mouth show, and how near what is seen there is."""

    pixels: Array
    nearness: Array


@dataclass(frozen=True, eq=False)
class _Meshes:
    """Points, coordinates and kinds (0, 1 the eyes, then the mouth's parts) on the mean head, flat."""

    points: Array
    coordinates: Array
    kinds: Array
    triangles: Array


def lids_at(actor: Actor, performance: Performance, canonical: Array, materials: Array) -> Lids:
    """The lids' opening, tested in canonical coordinates; when they close, the lashes become one dark line."""
    count = len(canonical)
    is_open = np.zeros(count, bool)
    rim, lash_line = np.zeros(count, F32), np.zeros(count, F32)
    below_upper, above_lower = np.full(count, FAR), np.full(count, FAR)
    ax, y = np.abs(canonical[:, 0]), canonical[:, 1]
    near_eyes = (materials == HEAD) & (ax > 1.5) & (ax < 4.75) & (np.abs(y) < 1.2) & (canonical[:, 2] > 3)
    at = np.flatnonzero(near_eyes)
    across, upper, lower = lid_curves(ax[at], actor.eyes, performance)
    below, above = upper - y[at], y[at] - lower
    between = np.abs(across) < 1
    is_open[at] = (below > 0) & (above > 0.055 * (1 - across**4)) & between
    below_upper[at], above_lower[at] = below, above
    rim[at] = smoothstep(-0.02, 0.02, above) * smoothstep(0.085, 0.05, above) * between * (below > 0)
    lash_line[at] = _lash_line(across, below, above, blink=min(max(performance.blink, 0.0), 1.0))
    return Lids(is_open, below_upper, above_lower, rim, lash_line)


def draw_openings(
    picture: Array, actor: Actor, performance: Performance, *, lids: Lids, pixels: Array, lips: Array, scene: Scene
) -> Opening:
    """Draw eyes and mouth into a flat linear picture (H · W, 3).

    `pixels` are those of the figure's fragments, `lips` (NUM_ROWS · NUM_COLUMNS, 2) the head's vertices on screen.
    """
    eye_pixels, covered = np.zeros(len(picture), bool), np.zeros(len(picture), bool)
    eye_pixels[pixels[lids.is_open]] = True
    covered[pixels[~lids.is_open]] = True
    mouth_pixels = _inside_lips(lips, scene.camera) & ~covered & ~eye_pixels
    picture[mouth_pixels] = BEHIND_LIPS
    picture[eye_pixels] = BEHIND_LIDS * scene.light.sky
    rest = _placed(actor, performance)
    world = scene.pose.of_head(rest)
    positions, nearness = scene.camera.project(world)
    coverage = rasterise(positions, nearness, MESHES.triangles, size=scene.camera.raster)
    fragments = fragments_of(coverage, positions, nearness, MESHES.triangles)
    is_eye = MESHES.kinds[fragments.vertices[:, 0]] < len(SIDES)
    fragments = fragments.where(np.where(is_eye, eye_pixels[fragments.pixels], mouth_pixels[fragments.pixels]))
    distances = np.full((len(picture), 2), FAR)
    distances[pixels] = np.stack([lids.below_upper, lids.above_lower], -1)
    picture[fragments.pixels] = _shaded(
        actor,
        performance,
        fragments=fragments,
        attributes=_attributes(rest, world, scene),
        lid_distances=distances[fragments.pixels],
        scene=scene,
    )
    shown = np.flatnonzero(eye_pixels | mouth_pixels)
    throat = scene.camera.project(scene.pose.of_head(np.array([THROAT], F32)))[1]
    return Opening(shown, np.maximum(coverage.nearness.ravel()[shown], throat))


def _lash_line(across: Array, below: Array, above: Array, *, blink: float) -> Array:
    upper = smoothstep(0.13 + 0.10 * blink, 0.0, np.abs(below)) * (below <= 0.01 + 0.2 * blink)
    upper = upper * smoothstep(1.08, 0.9, np.abs(across)) * (0.75 + 0.55 * blink)
    lower = smoothstep(0.10, 0.0, -above) * (above <= 0) * smoothstep(1.05, 0.7, np.abs(across)) * 0.2
    return np.asarray(upper + lower)


def _attributes(rest: Array, world: Array, scene: Scene) -> Array:
    """World points, normals, coordinates and points before the head's turn: (N, 11)."""
    normals = rotated(_vertex_normals(rest), scene.pose.rotation)
    return np.concatenate([world, normals, MESHES.coordinates, rest], 1).astype(F32)


def _shaded(
    actor: Actor,
    performance: Performance,
    *,
    fragments: Fragments,
    attributes: Array,
    lid_distances: Array,
    scene: Scene,
) -> Array:
    values = fragments.interpolate(attributes)
    points, normals, head_points = values[:, :3], unit(values[:, 3:6]), values[:, 8:11]
    view = unit(scene.camera.position - points)
    kinds = MESHES.kinds[fragments.vertices[:, 0]]
    color = shade_mouth(
        performance,
        kinds=kinds,
        at=values[:, 6:8],
        points=points,
        normals=normals,
        view=view,
        light=scene.light,
        shadows=scene.shadows,
    )
    for kind, side in enumerate(SIDES):
        of_eye = kinds == kind
        if of_eye.any():
            color[of_eye] = shade_eye(
                actor.eyes,
                performance,
                side=side,
                offset=actor.eye_offsets[side],
                head_points=head_points[of_eye],
                points=points[of_eye],
                view=view[of_eye],
                below_upper=lid_distances[of_eye, 0],
                above_lower=lid_distances[of_eye, 1],
                rotation=scene.pose.rotation,
                light=scene.light,
                shadows=scene.shadows,
            )
    return color


def _placed(actor: Actor, performance: Performance) -> Array:
    placed = MESHES.points.copy()
    for kind, side in enumerate(SIDES):
        of_eye = MESHES.kinds == kind
        placed[of_eye] = placed_eyeball(
            placed[of_eye], side=side, offset=actor.eye_offsets[side], eye_size=actor.eye_size
        )
    of_mouth = MESHES.kinds >= len(SIDES)
    placed[of_mouth] = placed_mouth(
        placed[of_mouth],
        MESHES.kinds[of_mouth],
        offset=actor.mouth_offset,
        mouth_width=actor.mouth_width,
        performance=performance,
    )
    return placed


def _inside_lips(positions: Array, camera: Camera) -> Array:
    """Flat pixels (H · W) between the edges of the lips."""
    first, last = int(column_at(-MOUTH_HALF_WIDTH, CUT_ROW)), int(column_at(MOUTH_HALF_WIDTH, CUT_ROW)) + 2
    grid = positions[:NUM_HEAD].reshape(NUM_ROWS, NUM_COLUMNS, 2)
    outline = np.concatenate([grid[CUT_ROW - 1, first:last], grid[CUT_ROW, first:last][::-1]])
    inside = np.zeros(camera.raster, np.uint8)
    cv2.fillPoly(inside, [np.round(outline * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return np.asarray(cv2.dilate(inside, np.ones((3, 3), np.uint8)).ravel() > 0)


def _vertex_normals(points: Array) -> Array:
    a, b, c = (points[MESHES.triangles[:, corner]] for corner in range(3))
    faces = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(MESHES.triangles[:, corner], faces[:, axis], len(points)).astype(F32)
    return unit(normals)


def _meshes() -> _Meshes:
    parts = [(*eyeball_patch(side), kind) for kind, side in enumerate(SIDES)] + mouth_meshes()
    triangles, first = [], 0
    for points, _, _ in parts:
        triangles.append(grid_triangles(*points.shape[:2]) + first)
        first += points.shape[0] * points.shape[1]
    return _Meshes(
        points=np.concatenate([points.reshape(-1, 3) for points, _, _ in parts]).astype(F32),
        coordinates=np.concatenate([at.reshape(-1, 2) for _, at, _ in parts]).astype(F32),
        kinds=np.concatenate([np.full(points[..., 0].size, kind) for points, _, kind in parts]),
        triangles=np.concatenate(triangles),
    )


MESHES = _meshes()
