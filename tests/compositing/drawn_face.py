"""A face of a few polygons with its 68 landmarks, enough to measure compositing on."""

import cv2
import numpy as np

from understudy.compositing.faces import PaintedFace
from understudy.compositing.settings import CompositeSettings
from understudy.facesets import warp_crop
from understudy.geometry import (
    INNER_MOUTH,
    LEFT_BROW,
    LEFT_EYE,
    MEAN_51,
    OUTER_MOUTH,
    RIGHT_BROW,
    RIGHT_EYE,
    fit_crop,
)
from understudy.masks import extended_points, face_mask

BACKGROUND = (60, 90, 110)
SKIN = (190, 140, 115)


def face_points(centre=(100, 100), side=80):
    """The mean face around `centre`, `side` pixels from brow line to lower lip."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.column_stack([0.49 + 0.62 * np.cos(angles), 0.25 + 0.87 * np.sin(angles)])
    return (np.vstack([jaw, MEAN_51]) - [0.49, 0.54]) * side + centre


def draw_face(points, *, extent=(200, 200), skin=SKIN, noise=0.0, seed=0):
    """RGB uint8 (H, W, 3): a head of one colour with dark brows, eyes and mouth, under noise (in codes)."""
    image = np.empty((extent[1], extent[0], 3), np.uint8)
    image[:] = BACKGROUND
    _fill(image, extended_points(points, brow_margin=0.8), skin)
    for brow in (LEFT_BROW, RIGHT_BROW):
        cv2.polylines(image, [np.round(points[list(brow)]).astype(np.int32)], False, (30, 20, 15), 3)
    for eye in (LEFT_EYE, RIGHT_EYE):
        _fill(image, points[list(eye)], (235, 235, 230))
    _fill(image, points[list(OUTER_MOUTH)], (150, 70, 70))
    _fill(image, points[list(INNER_MOUTH)], (40, 15, 15))
    if not noise:
        return image
    grain = np.random.default_rng(seed).standard_normal(image.shape[:2])[..., None] * noise
    return np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)


def paint(picture, points, *, frame=0, face=0, resolution=128, painted_points=None, outline=None, alpha=None):
    """The face of `picture` as a model would have painted it over a target with `points`."""
    crop = fit_crop(points, resolution_px=resolution, coverage=2.0)
    inside = points @ crop[:, :2].T + crop[:, 2]
    outline_from, outline_to = outline or (np.zeros((0, 2)), np.zeros((0, 2)))
    return PaintedFace(
        frame,
        face,
        warp_crop(picture, crop, resolution_px=resolution),
        face_mask(inside, resolution_px=resolution) if alpha is None else alpha,
        crop,
        points,
        points if painted_points is None else painted_points,
        outline_from,
        outline_to,
    )


def look(**changes):
    """Settings that change nothing by themselves, with `changes`."""
    values = {
        "outline": 1,
        "reach": 0.05,
        "erode": 0.03,
        "feather": 0.03,
        "light": 0.8,
        "light_softness": 0.15,
        "eyes": 0.3,
        "lips": 0.7,
        "sharpen": 0,
        "grain": 0,
        "steadiness": 0,
        "seed": 0,
    }
    return CompositeSettings(**(values | changes))


def _fill(image, points, color):
    corners = cv2.convexHull(np.round(points * 16).astype(np.int32))
    cv2.fillConvexPoly(image, corners, color, cv2.LINE_AA, 4)
