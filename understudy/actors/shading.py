"""Skin, cloth and hair under the lamps."""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.actors.curves import F32, Array, dot, unit
from understudy.actors.figure import CLOTH, EAR, HEAD, SHELL
from understudy.actors.lighting import Light
from understudy.actors.textures import NUM_LEVELS, SIZE, SkinTextures, sample

TEXELS_PER_CM = SIZE / 11.0
# Red light travels further in skin: it wraps around the form, bleeds into shadows and spreads (centimetres).
SKIN_WRAP = np.array([0.30, 0.14, 0.08], F32)
SHADOW_EXPONENT = np.array([0.75, 1.0, 1.1], F32)
OCCLUSION_EXPONENT = np.array([0.75, 1.0, 1.08], F32)
SPREAD_CM = (0.15, 0.07, 0.045)
LASH_DARKNESS = 4.2


class Visible(NamedTuple):
    """Fragments of the figure: places in the world, directions, texture and canonical positions, and their light.

    `shadow` is the share of the key lamp that arrives, `lid_rim` and `lash_line` are 0…1 on the lids' edges.
    """

    pixels: Array
    points: Array
    normals: Array
    tangents: Array
    texture_uv: Array
    canonical: Array
    occlusion: Array
    materials: Array
    view: Array
    shadow: Array
    lid_rim: Array
    lash_line: Array


class Palette(NamedTuple):
    """Colours that are not painted on the skin: linear RGB of cloth and hair, and how far the brows are raised."""

    textures: SkinTextures
    cloth: Array
    hair: Array
    brow_up: float


def shade_figure(
    seen: Visible, palette: Palette, *, light: Light, size: tuple[int, int], pixels_per_cm: float
) -> Array:
    """Linear RGB (P, 3) of the figure's fragments in a picture of `size`."""
    color, gloss, normals = _material(seen, palette, pixels_per_cm)
    is_skin = seen.materials <= EAR
    received = _received(seen, normals, is_skin, light)
    received[is_skin] = _scattered(received[is_skin], seen.pixels[is_skin], size=size, pixels_per_cm=pixels_per_cm)
    shaded = color * received + _specular(seen, normals, gloss, light)
    shell = seen.materials == SHELL
    if shell.any():
        shaded[shell] = 0.55 * shade_hair(
            palette.hair,
            tangents=seen.tangents[shell],
            normals=seen.normals[shell],
            view=seen.view[shell],
            light=light,
            shadow=seen.shadow[shell],
            occlusion=seen.occlusion[shell],
        )
    return np.asarray(shaded, dtype=F32)


def shade_hair(
    color: Array, *, tangents: Array, normals: Array, view: Array, light: Light, shadow: Array, occlusion: Array
) -> Array:
    """Linear RGB (P, 3) of hair by Kajiya and Kay: bright where the lamp meets a strand from the side."""
    along = unit(tangents)
    shaded = np.zeros((len(along), 3), F32)
    for direction, lamp, arriving in (
        (light.key_direction, light.key, shadow * F32(0.85) + F32(0.15)),
        (light.fill_direction, light.fill, occlusion),
        (light.rim_direction, light.rim, occlusion),
    ):
        facing = dot(normals, direction)
        sine = np.sqrt(np.clip(1 - dot(along, direction) ** 2, 0, 1))
        diffuse = sine * np.clip((facing + 0.45) / 1.45, 0, 1)
        across = dot(along, unit(direction + view))
        gleam = np.clip(1 - across * across, 0, 1) ** 24 * np.clip((facing + 0.3) / 1.3, 0, 1)
        shaded += lamp * (arriving * diffuse)[:, None] * color * F32(1.15)
        shaded += lamp * (arriving * gleam * F32(0.10))[:, None] * (0.35 + 1.6 * color)
    up = 0.5 + 0.5 * normals[:, 1:2]
    return np.asarray(shaded + color * (light.sky * up + light.ground * (1 - up)) * occlusion[:, None], dtype=F32)


def _material(seen: Visible, palette: Palette, pixels_per_cm: float) -> tuple[Array, Array, Array]:
    """Colour (P, 3), gloss (P,) and bumpy normals (P, 3)."""
    level = int(np.clip(np.round(np.log2(TEXELS_PER_CM / pixels_per_cm * 0.55)), 0, NUM_LEVELS - 1))
    texture = sample(palette.textures.color[level], seen.texture_uv)
    color, gloss = texture[:, :3].copy(), texture[:, 3].copy()
    slopes = sample(palette.textures.slopes[level], seen.texture_uv)
    if palette.brow_up > 0.05:
        slopes = slopes + F32(palette.brow_up) * sample(palette.textures.wrinkles[level], seen.texture_uv)
    slopes = slopes * (seen.materials == HEAD)[:, None]
    bitangents = np.cross(seen.normals, seen.tangents)
    normals = unit(seen.normals - slopes[:, :1] * seen.tangents + slopes[:, 1:] * bitangents)
    color *= np.exp(-seen.lash_line * F32(LASH_DARKNESS))[:, None]
    wet = color * np.array([0.95, 0.62, 0.60], F32) + np.array([0.05, 0.015, 0.015], F32)
    color = color * (1 - seen.lid_rim[:, None]) + wet * seen.lid_rim[:, None]
    gloss = gloss + seen.lid_rim * F32(0.6)
    color[seen.materials == EAR] *= np.array([1.0, 0.80, 0.78], F32)
    color[seen.materials == CLOTH], gloss[seen.materials == CLOTH] = palette.cloth, 0.04
    gloss[seen.materials == SHELL] = 0
    return color, gloss, normals


def _received(seen: Visible, normals: Array, is_skin: Array, light: Light) -> Array:
    """Light that arrives (P, 3), before it spreads in the skin."""
    wrap = np.where(is_skin[:, None], SKIN_WRAP, F32(0.05))
    shadow = np.clip(seen.shadow, 0, 1)[:, None] ** np.where(is_skin[:, None], SHADOW_EXPONENT, F32(1))
    occlusion = np.clip(seen.occlusion, 0.02, 1)[:, None] ** np.where(is_skin[:, None], OCCLUSION_EXPONENT, F32(1))

    def wrapped(direction: Array, lamp: Array) -> Array:
        facing = np.clip((dot(normals, direction)[:, None] + wrap) / (1 + wrap), 0, 1)
        return np.asarray(lamp * facing ** (1 + 0.5 * wrap))

    up = 0.5 + 0.5 * normals[:, 1:2]
    around = light.sky * up + light.ground * (1 - up)
    around = around + wrapped(light.fill_direction, light.fill) + wrapped(light.rim_direction, light.rim)
    return np.asarray(wrapped(light.key_direction, light.key) * shadow + around * occlusion, dtype=F32)


def _scattered(received: Array, pixels: Array, *, size: tuple[int, int], pixels_per_cm: float) -> Array:
    """The light of skin fragments spread over neighbouring skin, red furthest."""
    if not len(pixels):
        return received
    rows, columns = pixels // size[1], pixels % size[1]
    top, left = rows.min(), columns.min()
    shape = (int(rows.max() - top) + 1, int(columns.max() - left) + 1)
    where = (rows - top, columns - left)
    covered = np.zeros(shape, F32)
    covered[where] = 1
    spread = received.copy()
    for channel, radius_cm in enumerate(SPREAD_CM):
        blur_px = radius_cm * pixels_per_cm
        if blur_px > 0.4:
            plane = np.zeros(shape, F32)
            plane[where] = received[:, channel]
            weight = np.maximum(cv2.GaussianBlur(covered, (0, 0), blur_px), 1e-3)
            spread[:, channel] = (cv2.GaussianBlur(plane, (0, 0), blur_px) / weight)[where]
    return spread


def _specular(seen: Visible, normals: Array, gloss: Array, light: Light) -> Array:
    """Two lobes of skin oil under every lamp, and the sky at grazing angles."""
    shine = np.zeros_like(seen.points)
    for direction, lamp, arriving in (
        (light.key_direction, light.key, seen.shadow),
        (light.fill_direction, light.fill, seen.occlusion),
        (light.rim_direction, light.rim, seen.occlusion),
    ):
        half = unit(direction + seen.view)
        facing = np.clip(dot(normals, half), 0, 1)
        fresnel = 0.028 + 0.972 * (1 - np.clip(dot(seen.view, half), 0, 1)) ** 5
        lobes = 0.65 * (14 + 2) / 8 * facing**14 + 0.35 * (55 + 2) / 8 * facing**55
        lit = np.clip(dot(normals, direction), 0, 1)
        shine += (fresnel * lobes * lit * arriving * gloss * 1.6)[:, None].astype(F32) * lamp
    grazing = (1 - np.clip(dot(normals, seen.view), 0, 1)) ** 4
    sky = light.sky + light.rim * F32(0.3)
    return np.asarray(shine + (0.10 * grazing * gloss * seen.occlusion)[:, None].astype(F32) * sky)
