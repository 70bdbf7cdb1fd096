"""Places on the head: from a canonical point, front view, to the same place of any deformed surface."""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.actors.curves import F32, Array
from understudy.actors.geometry import MEAN, NUM_COLUMNS, NUM_ROWS, TRIANGLES

_CENTER = NUM_COLUMNS // 2
_VERTICES = MEAN.reshape(-1, 3)
_FRONT_TRIANGLES = TRIANGLES[_VERTICES[TRIANGLES[:, 0], 2] > 1.5]


class Places(NamedTuple):
    """N places fixed to the surface: `vertices` (N, 3) of their triangles and barycentric `weights` (N, 3)."""

    vertices: Array
    weights: Array

    def on(self, surface: Array) -> Array:
        """Where these places are on a deformed surface (NUM_ROWS, NUM_COLUMNS, 3): (N, 3)."""
        corners = surface.reshape(-1, 3)[self.vertices]
        return np.asarray((corners * self.weights[..., None]).sum(1))


def locate(points: Array) -> Places:
    """The places of canonical x, y points (N, 2) on the front of the mean head."""
    a, b, c = (_VERTICES[_FRONT_TRIANGLES[:, corner], :2] for corner in range(3))
    depth = _VERTICES[_FRONT_TRIANGLES[:, 0], 2]
    twice_area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) + 1e-12
    vertices, weights = [], []
    for x, y in np.asarray(points, F32).reshape(-1, 2):
        u = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / twice_area
        v = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / twice_area
        outside = np.maximum(np.maximum(-u, -v), u + v - 1)
        best = int(np.argmin(np.where(outside < 1e-3, -10 - 0.001 * depth, outside)))
        vertices.append(_FRONT_TRIANGLES[best])
        weights.append([1 - u[best] - v[best], u[best], v[best]])
    return Places(np.array(vertices), np.array(weights, F32))


def column_at(x: float, row: int) -> float:
    """The fractional column where a row of the mean head has this x, on the front."""
    front = slice(_CENTER - 60, _CENTER + 61)
    return float(np.interp(x, MEAN[row, front, 0], np.arange(_CENTER - 60, _CENTER + 61)))


def point_on_row(surface: Array, row: int, x: float) -> Array:
    """The point (3,) of a deformed surface where its row has canonical x."""
    column = column_at(x, row)
    whole = int(column)
    share = column - whole
    return np.asarray(surface[row, whole] * (1 - share) + surface[row, whole + 1] * share)


def texture_coordinates() -> Array:
    """Texture position (NUM_ROWS, NUM_COLUMNS, 2) of every vertex, 0…1."""
    across = (np.arange(NUM_COLUMNS) + 0.5) / NUM_COLUMNS
    down = (np.arange(NUM_ROWS) + 0.5) / NUM_ROWS
    return np.stack(np.meshgrid(across, down), -1).astype(F32)


class EyeWindow:
    """A dense grid of places around one eye (`side` −1: picture's left), for lids that slide over the surface."""

    _XS, _YS = np.linspace(1.35, 4.95, 40), np.linspace(-1.1, 1.3, 26)

    def __init__(self, side: int) -> None:
        self._places = locate(np.stack(np.meshgrid(side * self._XS, self._YS), -1))

    def points(self, surface: Array, ax: Array, y: Array) -> Array:
        """Surface points (N, 3) at canonical |x| and y, bilinear in the grid."""
        grid = self._places.on(surface).reshape(len(self._YS), len(self._XS), 3).astype(F32)
        column = (np.asarray(ax) - self._XS[0]) / (self._XS[1] - self._XS[0])
        row = (np.asarray(y) - self._YS[0]) / (self._YS[1] - self._YS[0])
        sampled = cv2.remap(
            grid,
            column.astype(F32).reshape(-1, 1),
            row.astype(F32).reshape(-1, 1),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(sampled[:, 0])


EYE_WINDOWS = {side: EyeWindow(side) for side in (-1, 1)}
