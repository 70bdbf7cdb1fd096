"""Several moments of several films as one picture: a column a moment, a labelled row a film."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

LABEL_SHARE = 0.12
"""Height of a row's label in heights of its tiles."""
GAP_PX = 4
BACKGROUND, INK = 24, 235
REACH = 1.6  # half a tile's side, in widths of the face's landmarks


def choose_moments(frames: np.ndarray, points_N682: np.ndarray, *, number: int) -> np.ndarray:
    """At most `number` of `frames` (N,) in ascending order that together show much: different turns, mouths, lids.

    Farthest points in the shapes' space, from the one nearest to the mean: the same faces give the same choice.
    """
    shapes = _normalised(points_N682).round(6)
    chosen = [int(np.argmin(np.linalg.norm(shapes - shapes.mean(0), axis=1).round(6)))]
    while len(chosen) < min(number, len(frames)):
        nearest = np.min([np.linalg.norm(shapes - shapes[row], axis=1) for row in chosen], axis=0).round(6)
        nearest[chosen] = -1
        chosen.append(int(np.argmax(nearest)))
    return np.sort(frames[sorted(chosen)])


def cut_tile(image: np.ndarray, points: np.ndarray, *, tile_px: int) -> np.ndarray:
    """The head around 68 points of an RGB uint8 frame, (tile_px, tile_px, 3); beyond the frame its edge is repeated."""
    low, high = points.min(0), points.max(0)
    middle, reach = (low + high) / 2, REACH * float((high - low).max()) / 2
    middle[1] -= reach * 0.1  # a face's points end at the brows, a head does not
    scale = tile_px / (2 * reach)
    centre = (tile_px - 1) / 2
    tile_from_frame = np.array([[scale, 0, centre - scale * middle[0]], [0, scale, centre - scale * middle[1]]])
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.warpAffine(image, tile_from_frame, (tile_px, tile_px), flags=mode, borderMode=cv2.BORDER_REPLICATE)


def lay_out(rows: Mapping[str, Sequence[np.ndarray]]) -> np.ndarray:
    """One RGB uint8 picture of `rows`, tiles of one size by label, each row under its label."""
    strips = []
    for label, tiles in rows.items():
        strip = np.hstack([_framed(tile) for tile in tiles])
        strips += [_label(label, width_px=strip.shape[1], height_px=round(tiles[0].shape[0] * LABEL_SHARE)), strip]
    return np.vstack(strips)


def _normalised(points_N682: np.ndarray) -> np.ndarray:
    """Shapes without place and size, (N, 136)."""
    centred = points_N682 - points_N682.mean(1, keepdims=True)
    return (centred / np.sqrt((centred**2).mean((1, 2), keepdims=True))).reshape(len(points_N682), -1)


def _framed(tile: np.ndarray) -> np.ndarray:
    border = cv2.BORDER_CONSTANT
    return cv2.copyMakeBorder(tile, 0, GAP_PX, 0, GAP_PX, border, value=(BACKGROUND, BACKGROUND, BACKGROUND))


def _label(text: str, *, width_px: int, height_px: int) -> np.ndarray:
    bar = np.full((height_px, width_px, 3), BACKGROUND, np.uint8)
    scale = height_px / 46
    baseline = round(height_px * 0.72)
    cv2.putText(bar, text, (6, baseline), cv2.FONT_HERSHEY_SIMPLEX, scale, (INK, INK, INK), 1, cv2.LINE_AA)
    return bar
