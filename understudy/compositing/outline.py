"""The frame's own outline of a face, moved: a thin-plate spline that leaves eyes, hair and surroundings in place.

A narrow chin on a broad head is not painted over the neck behind it, the frame itself is bent: control points on the
outline go where the painted face has its outline, anchors around them stay, and what lies between follows smoothly
(Bookstein 1989).
"""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.compositing.faces import Region, face_side_px, region_around
from understudy.geometry import ThinPlate, fit_thin_plate, warp_points

MARGIN = 0.8  # how far around the outline pixels may move, in face sides
STEP = 1 / 24  # spacing of the grid on which the spline is evaluated, in face sides
STIFFNESS = 1e-4  # in face sides squared; keeps noisy control points from folding the frame

# Anchors, in outer-eye distances: (right, up) of the nose bridge, then of the chin.
_AROUND_BROWS = ((-0.9, 0.9), (0.0, 1.2), (0.9, 0.9), (-1.0, 0.2), (1.0, 0.2), (-0.6, 0.5), (0.6, 0.5))
_BELOW_CHIN = ((-1.2, -0.9), (-0.5, -0.9), (0.0, -0.9), (0.5, -0.9), (1.2, -0.9))


class Outline(NamedTuple):
    """A warp of the part `region` of a frame; `points_from_frame` moves points, `frame_from_points` asks for content.

    Both splines work in face sides, `side_px` long, from the region's corner.
    """

    region: Region
    side_px: float
    points_from_frame: ThinPlate
    frame_from_points: ThinPlate


def fit_outline(
    points: np.ndarray, outline_from: np.ndarray, outline_to: np.ndarray, *, image: np.ndarray
) -> Outline | None:
    """The warp that moves `outline_from` to `outline_to` (K, 2) around a face with 68 `points`.

    None when K is 0 or nothing of it lies in the frame. All in frame pixels; of `image` only the extent matters.
    """
    if not len(outline_from):
        return None
    side_px = face_side_px(points)
    region = region_around(np.vstack([outline_from, outline_to, points]), margin_px=MARGIN * side_px, image=image)
    if region.is_empty():
        return None
    still = _anchors(points, region)
    origin = region.local(np.vstack([outline_from, still])) / side_px
    destination = region.local(np.vstack([outline_to, still])) / side_px
    return Outline(
        region,
        side_px,
        fit_thin_plate(origin, destination, stiffness=STIFFNESS),
        fit_thin_plate(destination, origin, stiffness=STIFFNESS),
    )


def move_points(outline: Outline, points: np.ndarray) -> np.ndarray:
    """Where frame points (N, 2) lie after the warp; control points arrive at their places."""
    corner = np.array([outline.region.left, outline.region.top], float)
    return warp_points(outline.points_from_frame, (points - corner) / outline.side_px) * outline.side_px + corner


def warp_outline(image: np.ndarray, outline: Outline) -> np.ndarray:
    """A copy of a uint8 frame with the outline moved; pixels outside the region and unmoved ones are untouched."""
    shift = _displacement(outline, image)
    height, width = shift.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    content = np.ascontiguousarray(outline.region.cut(image))
    moved = cv2.remap(
        content,
        columns + shift[..., 0],
        rows + shift[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    warped = image.copy()
    is_moved = np.maximum(np.abs(shift[..., 0]), np.abs(shift[..., 1])) >= 1 / 64
    np.copyto(outline.region.cut(warped), moved, where=is_moved[..., None])
    return warped


def _displacement(outline: Outline, image: np.ndarray) -> np.ndarray:
    """Where each of the region's pixels takes its content from, minus itself: float32 (H, W, 2) in pixels."""
    region = outline.region
    width, height = region.right - region.left, region.bottom - region.top
    step_px = max(outline.side_px * STEP, 1.0)
    columns = np.arange(-1, int(np.ceil(width / step_px)) + 2) * step_px
    rows = np.arange(-1, int(np.ceil(height / step_px)) + 2) * step_px
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2) / outline.side_px
    coarse = (warp_points(outline.frame_from_points, grid) - grid) * outline.side_px
    coarse = np.round(coarse * 256).reshape(len(rows), len(columns), 2).astype(np.float32) / 256
    fine_from_coarse = np.array([[step_px, 0, -step_px], [0, step_px, -step_px]])
    fine = cv2.warpAffine(coarse, fine_from_coarse, (width, height), flags=cv2.INTER_LINEAR)
    return fine * _fade(region, image, width_px=0.3 * outline.side_px)[..., None]


def _fade(region: Region, image: np.ndarray, *, width_px: float) -> np.ndarray:
    """1 inside the region, falling to 0 at those of its sides that are not the frame's: float32 (H, W)."""
    height, width = image.shape[:2]
    far = 1e9
    columns = np.arange(region.left, region.right, dtype=np.float32)
    rows = np.arange(region.top, region.bottom, dtype=np.float32)
    left = columns - region.left if region.left > 0 else np.full_like(columns, far)
    right = region.right - 1 - columns if region.right < width else np.full_like(columns, far)
    top = rows - region.top if region.top > 0 else np.full_like(rows, far)
    bottom = region.bottom - 1 - rows if region.bottom < height else np.full_like(rows, far)
    across, down = np.minimum(left, right), np.minimum(top, bottom)
    distance = np.clip(np.minimum(across[None, :], down[:, None]) / width_px, 0, 1)
    return (distance * distance * (3 - 2 * distance)).astype(np.float32)


def _anchors(points: np.ndarray, region: Region) -> np.ndarray:
    """Points that stay: around the brows, below the chin, and along the region's sides."""
    unit = np.linalg.norm(points[45] - points[36])
    up = (points[27] - points[33]) / np.linalg.norm(points[27] - points[33])
    right = np.array([-up[1], up[0]])
    bridge = (points[27] + points[30]) / 2
    around = [bridge + unit * (across * right + along * up) for across, along in _AROUND_BROWS]
    below = [points[8] + unit * (across * right + along * up) for across, along in _BELOW_CHIN]
    left, top, last_x, last_y = region.left, region.top, region.right - 1, region.bottom - 1
    middle_x, middle_y = (left + last_x) / 2, (top + last_y) / 2
    rim = [(x, y) for x in (left, middle_x, last_x) for y in (top, middle_y, last_y)]
    rim.remove((middle_x, middle_y))
    return np.array([*around, *below, *rim], float)
