"""The figure of a person: head, ears, torso and hair shell as one mesh, with what does not change while they act."""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.actors.body import EAR_SHAPE, TORSO_SHAPE, ear, grid_triangles, mesh_normals, torso
from understudy.actors.curves import F32, Array, dot, smoothstep, unit
from understudy.actors.design import Design
from understudy.actors.geometry import (
    COARSE_TRIANGLES,
    COLUMN_ANGLES,
    MEAN,
    NUM_COLUMNS,
    NUM_ROWS,
    ROW_POSITIONS,
    TRIANGLES,
    grid_normals,
    position_of_height,
)
from understudy.actors.hair import scalp_shell
from understudy.actors.lighting import ShadowMap
from understudy.actors.surface import texture_coordinates
from understudy.actors.textures import SIZE

HEAD, EAR, CLOTH, SHELL = 0, 1, 2, 3
NUM_HEAD = NUM_ROWS * NUM_COLUMNS
NUM_SKY_DIRECTIONS = 40
NOWHERE_Y = 50.0  # canonical height of what is not the head


class Part(NamedTuple):
    """One mesh of the figure; all arrays flat over its N vertices, `triangles` count from its own first vertex."""

    material: int
    points: Array
    normals: Array
    tangents: Array
    triangles: Array
    texture_uv: Array
    shade: Array


class Figure(NamedTuple):
    """All parts in one: vertices of the head first, in grid order.

    `follows` says how far a vertex turns with the head (0…1), `canonical` where it is on the mean head, `occlusion`
    how much of the sky it sees. Triangles for shadows are coarser on the head.
    """

    points: Array
    normals: Array
    tangents: Array
    triangles: Array
    shadow_triangles: Array
    materials: Array
    texture_uv: Array
    follows: Array
    canonical: Array
    occlusion: Array


def assembled(design: Design, neutral: Array) -> Figure:
    """The figure of a neutral head (NUM_ROWS, NUM_COLUMNS, 3) with the ears, clothes and hair of a design."""
    head_normals, tangents = grid_normals(neutral)
    head = Part(
        HEAD,
        neutral.reshape(-1, 3),
        head_normals.reshape(-1, 3),
        tangents.reshape(-1, 3),
        TRIANGLES,
        texture_coordinates().reshape(-1, 2),
        np.ones(NUM_HEAD),
    )
    parts = [head, _ear(design, -1), _ear(design, 1), _torso(design), *_shell(design, neutral, head_normals)]
    triangles, shadow_triangles = _joined_triangles(parts)
    points = np.concatenate([part.points for part in parts]).astype(F32)
    normals = np.concatenate([part.normals for part in parts]).astype(F32)
    materials = np.concatenate([np.full(len(part.points), part.material) for part in parts])
    follows = np.where(materials == CLOTH, 0, smoothstep(-16.5, -10.5, points[:, 1]))
    canonical = np.zeros_like(points)
    canonical[:NUM_HEAD], canonical[NUM_HEAD:, 1] = MEAN.reshape(-1, 3), NOWHERE_Y
    return Figure(
        points=points,
        normals=normals,
        tangents=np.concatenate([part.tangents for part in parts]).astype(F32),
        triangles=triangles,
        shadow_triangles=shadow_triangles,
        materials=materials,
        texture_uv=np.concatenate([part.texture_uv for part in parts]).astype(F32),
        follows=np.where(materials == SHELL, 1, follows).astype(F32),
        canonical=canonical,
        occlusion=_sky_seen(points, normals, shadow_triangles) * np.concatenate([part.shade for part in parts]),
    )


def _ear(design: Design, side: int) -> Part:
    points, shade = ear(side, size=design.ear_size, flare=design.ear_flare)
    points = points + np.array([side * design.shape.get("width", 0.0) * 0.45, 0, 0], F32)
    column = int(np.argmin(np.abs(COLUMN_ANGLES - side * np.radians(66))))
    row = int(np.argmin(np.abs(ROW_POSITIONS - position_of_height(-2.6))))
    flat = points.reshape(-1, 3)
    around = (flat[:, [2, 1]] - np.array([-0.9, -1.3])) * 9 / SIZE
    return Part(
        EAR,
        flat,
        mesh_normals(points, is_flipped=side < 0).reshape(-1, 3),
        np.tile([1.0, 0, 0], (len(flat), 1)),
        grid_triangles(*EAR_SHAPE, is_flipped=side > 0),
        texture_coordinates()[row, column] + around,
        shade.ravel(),
    )


def _torso(design: Design) -> Part:
    points = torso(width=design.shoulders, neck=design.shape.get("neck", 0.0))
    flat = points.reshape(-1, 3)
    return Part(
        CLOTH,
        flat,
        mesh_normals(points).reshape(-1, 3),
        np.tile([1.0, 0, 0], (len(flat), 1)),
        grid_triangles(*TORSO_SHAPE),
        np.zeros((len(flat), 2)),
        np.ones(len(flat)),
    )


def _shell(design: Design, neutral: Array, normals: Array) -> list[Part]:
    shell = scalp_shell(design, neutral, normals)
    if shell is None:
        return []
    rows, columns = shell.cover.shape
    triangles = grid_triangles(rows, columns)
    is_hair = shell.cover.ravel()[triangles].min(1) > 0.02
    return [
        Part(
            SHELL,
            shell.points.reshape(-1, 3),
            mesh_normals(shell.points).reshape(-1, 3),
            unit(np.gradient(shell.points, axis=0)).reshape(-1, 3),
            triangles[is_hair],
            texture_coordinates()[: rows * 2 : 2, ::2].reshape(-1, 2),
            (0.55 + 0.45 * shell.cover).ravel(),
        )
    ]


def _joined_triangles(parts: list[Part]) -> tuple[Array, Array]:
    fine, coarse, first = [], [], 0
    for part in parts:
        fine.append(part.triangles + first)
        coarse.append((COARSE_TRIANGLES if part.material == HEAD else part.triangles) + first)
        first += len(part.points)
    return np.concatenate(fine).astype(np.int32), np.concatenate(coarse).astype(np.int32)


def _sky_seen(points: Array, normals: Array, triangles: Array) -> Array:
    """Ambient occlusion (N,) float32: the share of many directions, by their cosine, that nothing blocks."""
    seen, total = np.zeros(len(points), F32), np.zeros(len(points), F32)
    lifted = points + normals * F32(0.12)
    golden = np.pi * (3 - 5**0.5)
    for index in range(NUM_SKY_DIRECTIONS):
        up = 1 - (index + 0.5) / NUM_SKY_DIRECTIONS * 1.6
        flat = np.sqrt(max(1 - up * up, 0.0))
        direction = np.array([flat * np.sin(index * golden), up, flat * np.cos(index * golden)], F32)
        cosine = np.maximum(dot(normals, direction), 0)
        seen += cosine * ShadowMap(points, triangles, direction, size=160).visible(lifted, bias=0.25)
        total += cosine
    occlusion = np.clip(seen / (total + 1e-3), 0, 1)
    occlusion[total < 0.3] = 0.35
    head = occlusion[:NUM_HEAD].reshape(NUM_ROWS, NUM_COLUMNS)
    occlusion[:NUM_HEAD] = cv2.GaussianBlur(head, (0, 0), 1.5).ravel()
    return occlusion.astype(F32)
