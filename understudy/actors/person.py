"""Actors: a design turned into surface, textures, strands and eyes; and the true swap of two of them."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from understudy.actors.curves import F32, Array
from understudy.actors.design import Design, Eyes
from understudy.actors.eyes import Lashes, eye_offsets, grown_lashes
from understudy.actors.figure import Figure, assembled
from understudy.actors.geometry import ANGLES, HEIGHTS, MEAN, grid_normals
from understudy.actors.hair import Strands, grown
from understudy.actors.identity import shaped
from understudy.actors.mask import face_mask, likeness_mask
from understudy.actors.mouth import mouth_offset
from understudy.actors.textures import CANONICAL, Pyramid, SkinTextures, painted, pyramid
from understudy.randomness import numpy_generator

DEFAULT_SHAPE = {"wrap": 1.0}


@dataclass(frozen=True, eq=False)
class Actor:
    """A person who can be rendered. `neutral` is their surface at rest, before any expression."""

    design: Design
    eyes: Eyes
    eye_size: float
    mouth_width: float
    neutral: Array
    textures: SkinTextures
    figure: Figure
    strands: tuple[Strands, ...]
    lashes: dict[int, Lashes]
    lash_color: Array
    eye_offsets: dict[int, Array]
    mouth_offset: Array


def built(design: Design) -> Actor:
    """The actor of a design; takes about a second."""
    generator = numpy_generator(design.seed, "shape")
    neutral = shaped({**DEFAULT_SHAPE, **design.shape}, generator)
    normals, _ = grid_normals(neutral)
    return Actor(
        design=design,
        eyes=design.eyes,
        eye_size=design.shape.get("eye_size", 0.0),
        mouth_width=design.shape.get("mouth_w", 0.0),
        neutral=neutral,
        textures=painted(design),
        figure=assembled(design, neutral),
        strands=tuple(grown(design, neutral, normals)),
        lashes=grown_lashes(numpy_generator(design.seed, "lashes"), length=design.hair.lash),
        lash_color=_lash_color(design),
        eye_offsets=eye_offsets(neutral),
        mouth_offset=mouth_offset(neutral),
    )


def true_swap(performer: Actor, likeness: Actor, *, tone: float) -> Actor:
    """The likeness' face (shape, skin, eyes, brows, beard) on the performer's head (skull, ears, neck, hair, clothes).

    `tone` 0…1 brings the likeness' mean skin colour to the performer's, which is what a swapper's colour matching does.
    """
    neutral = _blended_surface(performer.neutral, likeness.neutral)
    return replace(
        performer,
        eyes=likeness.eyes,
        eye_size=likeness.eye_size,
        mouth_width=likeness.mouth_width,
        neutral=neutral,
        textures=_blended_textures(performer.textures, likeness.textures, tone),
        figure=assembled(performer.design, neutral),
        strands=_exchanged_strands(performer, likeness, neutral),
        lashes=likeness.lashes,
        lash_color=likeness.lash_color,
        eye_offsets=eye_offsets(neutral),
        mouth_offset=mouth_offset(neutral),
    )


def _lash_color(design: Design) -> Array:
    return np.array(design.hair.color, F32) * F32(0.3) + F32(0.004)


def _blended_surface(performer: Array, likeness: Array) -> Array:
    share = likeness_mask(ANGLES, HEIGHTS)[..., None].astype(F32)
    seam = (share[..., 0] > 0.05) & (share[..., 0] < 0.95) & (np.abs(ANGLES) > 0.8)
    lift = (performer - likeness)[seam].mean(0) * np.array([0, 1, 1], F32)
    return np.asarray(performer * (1 - share) + (likeness + lift) * share, dtype=F32)


def _blended_textures(performer: SkinTextures, likeness: SkinTextures, tone: float) -> SkinTextures:
    share = cv2.GaussianBlur(face_mask(CANONICAL), (0, 0), 10)[..., None]
    core = share[..., 0] > 0.95
    mean_log = [np.log(one.color[0][core][:, :3] + 1e-3).mean(0) for one in (performer, likeness)]
    matched = likeness.color[0] * np.append(np.exp(tone * (mean_log[0] - mean_log[1])), 1).astype(F32)

    def blended(outside: Pyramid, inside: Array) -> Pyramid:
        return pyramid(outside[0] * (1 - share) + inside * share)

    return SkinTextures(
        color=blended(performer.color, matched),
        slopes=blended(performer.slopes, likeness.slopes[0]),
        wrinkles=blended(performer.wrinkles, likeness.wrinkles[0]),
    )


def _exchanged_strands(performer: Actor, likeness: Actor, neutral: Array) -> tuple[Strands, ...]:
    """The performer's scalp hair, and what grows on the likeness' face, moved to the new surface."""
    in_face = face_mask(MEAN).ravel()
    moved = (neutral - likeness.neutral).reshape(-1, 3)
    strands = [one for one in performer.strands if one.roots is None]
    for one in likeness.strands:
        if one.roots is not None:
            keep = in_face[one.roots] > 0.4
            roots = one.roots[keep]
            points = one.points[keep] + moved[roots][:, None]
            strands.append(one._replace(points=points, normals=one.normals[keep], roots=roots))
    return tuple(strands)
