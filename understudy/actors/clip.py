"""Frames of a drawn clip: an actor, a performance, a light and a background become pixels and the truth about them."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from understudy import geometry
from understudy.actors import truth
from understudy.actors.camera import Camera, Pose, developed, pose_of
from understudy.actors.curves import F32, Array, rotated, unit
from understudy.actors.expressions import deformed
from understudy.actors.eyes import lash_strands
from understudy.actors.figure import HEAD, NUM_HEAD, SHELL
from understudy.actors.footage import SAMPLE_RATE, write_clip
from understudy.actors.geometry import grid_normals
from understudy.actors.hair import Strands
from understudy.actors.hollows import Lids, draw_openings, lids_at
from understudy.actors.lighting import Light, ShadowMap
from understudy.actors.mask import face_mask
from understudy.actors.performance import Performance
from understudy.actors.person import Actor
from understudy.actors.rasteriser import Fragments, fragments_of, rasterise
from understudy.actors.scene import Scene
from understudy.actors.shading import Palette, Visible, shade_figure
from understudy.actors.strands import draw_strands

__all__ = ["SAMPLE_RATE", "Rendered", "render_frame", "write_clip"]

SHADOW_MAP_SIZE = 256
SOFT_TAPS = (
    (-1.6, -0.6),
    (0.6, -1.6),
    (1.6, 0.6),
    (-0.6, 1.6),
    (-0.5, 0.2),
    (0.5, -0.3),
    (1.5, -1.4),
    (-1.5, 1.5),
)


@dataclass(frozen=True, eq=False)
class Rendered:
    """A frame and its truth.

    `image` is (H, W, 3) RGB uint8; `points` the 68 landmarks (68, 2) float32 in pixels, pixel centres at integers;
    `mask` (H, W) float32 0…1 the inner face; `rotation` (3, 3) turns the head's x right, y up, z to the camera;
    the openings are in units of the distance between the outer corners of the eyes.
    """

    image: Array
    points: Array
    mask: Array
    rotation: Array
    mouth_opening: float
    eye_opening: float


class _World(NamedTuple):
    """Points, normals and tangents (N, 3) of the figure's vertices in the world."""

    points: Array
    normals: Array
    tangents: Array


def render_frame(
    actor: Actor,
    performance: Performance,
    *,
    size: tuple[int, int],
    light: Light,
    background: Array,
    frame_index: int = 0,
    view_cm: float = 32.0,
) -> Rendered:
    """One frame of an actor's performance, (height, width) = `size`, with the truth about it.

    `background` is linear RGB float32 of any size (`lighting.room` makes one); `frame_index` chooses the film grain;
    `view_cm` is the height the picture shows: a head is about 24.
    """
    camera, pose = Camera(size, view_cm=view_cm), pose_of(performance)
    surface = deformed(actor.neutral, performance)
    world = _posed(actor, surface, pose)
    shadows = ShadowMap(world.points, actor.figure.shadow_triangles, light.key_direction, size=SHADOW_MAP_SIZE)
    scene = Scene(camera, pose, light, shadows)
    positions, nearness = camera.project(world.points)
    coverage = rasterise(positions, nearness, actor.figure.triangles, size=camera.raster)
    fragments = fragments_of(coverage, positions, nearness, actor.figure.triangles)
    seen, lids = _visible(actor, performance, fragments=fragments, world=world, scene=scene)

    picture = cv2.resize(background, camera.raster[::-1], interpolation=cv2.INTER_LINEAR).reshape(-1, 3).copy()
    color = shade_figure(
        seen, _palette(actor, performance), light=light, size=camera.raster, pixels_per_cm=camera.pixels_per_cm
    )
    picture[fragments.pixels[~lids.is_open]] = color[~lids.is_open]
    opening = draw_openings(
        picture,
        actor,
        performance,
        lids=lids,
        pixels=fragments.pixels,
        lips=positions[:NUM_HEAD],
        scene=scene,
    )
    depth = coverage.nearness.ravel().copy()
    depth[opening.pixels] = opening.nearness
    draw_strands(
        picture,
        [*actor.strands, _lashes(actor, surface, performance)],
        moved=(surface - actor.neutral).reshape(-1, 3),
        seed=actor.design.seed,
        nearness=depth,
        scene=scene,
    )
    points = truth.landmarks(surface, actor.eyes, performance, camera=camera, pose=pose)
    linear = camera.reduced(picture.reshape(*camera.raster, 3))
    return Rendered(
        image=developed(linear, seed=actor.design.seed, frame_index=frame_index),
        points=points,
        mask=_mask(seen, opening.pixels, camera),
        rotation=pose.rotation,
        mouth_opening=float(geometry.mouth_opening(points)),
        eye_opening=float(geometry.eye_opening(points)),
    )


def _posed(actor: Actor, surface: Array, pose: Pose) -> _World:
    """The whole figure, turned and moved."""
    figure = actor.figure
    rest, normals, tangents = figure.points.copy(), figure.normals.copy(), figure.tangents.copy()
    head_normals, head_tangents = grid_normals(surface)
    rest[:NUM_HEAD] = surface.reshape(-1, 3)
    normals[:NUM_HEAD], tangents[:NUM_HEAD] = head_normals.reshape(-1, 3), head_tangents.reshape(-1, 3)
    follows = figure.follows[:, None]
    points = pose.of_head(rest) * follows + pose.of_torso(rest) * (1 - follows)
    turned = [rotated(vectors, pose.rotation) * follows + vectors * (1 - follows) for vectors in (normals, tangents)]
    return _World(points.astype(F32), unit(turned[0]).astype(F32), turned[1].astype(F32))


def _visible(
    actor: Actor, performance: Performance, *, fragments: Fragments, world: _World, scene: Scene
) -> tuple[Visible, Lids]:
    figure = actor.figure
    attributes = np.concatenate([*world, figure.texture_uv, figure.canonical, figure.occlusion[:, None]], 1)
    values = fragments.interpolate(attributes)
    points, normals, canonical = values[:, :3], values[:, 3:6], values[:, 11:14]
    materials = figure.materials[fragments.vertices[:, 0]]
    lids = lids_at(actor, performance, canonical, materials)
    seen = Visible(
        pixels=fragments.pixels,
        points=points,
        normals=normals,
        tangents=values[:, 6:9],
        texture_uv=values[:, 9:11],
        canonical=canonical,
        occlusion=values[:, 14],
        materials=materials,
        view=unit(scene.camera.position - points),
        shadow=scene.shadows.visible(points + normals * F32(0.22), bias=0.18, taps=SOFT_TAPS),
        lid_rim=lids.rim,
        lash_line=lids.lash_line,
    )
    return seen, lids


def _palette(actor: Actor, performance: Performance) -> Palette:
    cloth, hair = np.array(actor.design.cloth, F32), np.array(actor.design.hair.color, F32)
    return Palette(actor.textures, cloth, hair, performance.brow_up)


def _lashes(actor: Actor, surface: Array, performance: Performance) -> Strands:
    points = lash_strands(actor.lashes, actor.eyes, actor.eye_offsets, surface, performance)
    return Strands(points, unit(points[:, 1] - points[:, 0]), actor.lash_color, None, 0.1, 0.5)


def _mask(seen: Visible, hollow: Array, camera: Camera) -> Array:
    """The inner face (H, W): skin of the face that is seen, with eyes and mouth."""
    height, width = camera.raster
    mask = np.zeros(height * width, F32)
    mask[seen.pixels] = face_mask(seen.canonical) * (seen.materials == HEAD)
    mask[hollow] = 1
    mask[seen.pixels[seen.materials == SHELL]] = 0
    return camera.reduced(mask.reshape(height, width)).astype(F32)
