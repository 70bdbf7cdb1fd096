"""A z-buffer rasteriser in numpy: the result does not depend on the order of triangles or on threads.

Points are (N, 2) float32 with pixel (0, 0) covering 0…1, nearness is any quantity that is linear on screen and larger
in front (here 20 / distance). Front faces run clockwise on screen.
"""

from typing import NamedTuple

import numpy as np

from understudy.actors.curves import F32, Array

MAX_FRAGMENTS = 4_000_000
EDGE = F32(-1e-5)
NEARNESS_CODES = F32(2**31)


class Coverage(NamedTuple):
    """What a pixel shows: `triangle` (H, W) int32, −1 for nothing, and its `nearness` (H, W) float32."""

    triangle: Array
    nearness: Array


class Fragments(NamedTuple):
    """Covered pixels: flat `pixels` (P,), `vertices` (P, 3) of their triangle, perspective `weights` (P, 3)."""

    pixels: Array
    vertices: Array
    weights: Array

    def interpolate(self, attributes: Array) -> Array:
        """Vertex attributes (N, K) at the fragments: (P, K)."""
        corners, share = self.vertices, self.weights
        return np.asarray(
            attributes[corners[:, 0]] * share[:, :1]
            + attributes[corners[:, 1]] * share[:, 1:2]
            + attributes[corners[:, 2]] * share[:, 2:3]
        )

    def where(self, keep: Array) -> "Fragments":
        """The fragments for which `keep` is true."""
        return Fragments(self.pixels[keep], self.vertices[keep], self.weights[keep])


def rasterise(points: Array, nearness: Array, triangles: Array, *, size: tuple[int, int]) -> Coverage:
    """The front-most triangle of every pixel of a (height, width) picture."""
    height, width = size
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    left, right = _pixel_span(a[:, 0], b[:, 0], c[:, 0], limit=width)
    top, bottom = _pixel_span(a[:, 1], b[:, 1], c[:, 1], limit=height)
    is_visible = (area < -1e-9) & (right >= left) & (bottom >= top) & (nearness[triangles].min(1) > 0)
    chosen = np.flatnonzero(is_visible)
    keys = np.zeros(height * width, np.uint64)
    num_candidates = ((right - left + 1) * (bottom - top + 1))[chosen]
    for part in _chunks(num_candidates):
        block = chosen[part]
        which, px, py = _candidates(left[block], right[block], top[block], bottom[block])
        u, v = _barycentric((a[block], b[block], c[block]), area[block], which=which, pixel=(px, py))
        inside = (u >= EDGE) & (v >= EDGE) & (u + v <= 1 - EDGE)
        which, u, v = which[inside], u[inside], v[inside]
        depths = nearness[triangles[block]]
        first = depths[:, 0]
        near = first[which] + u * (depths[:, 1] - first)[which] + v * (depths[:, 2] - first)[which]
        codes = (np.clip(near, 0, 0.999) * NEARNESS_CODES).astype(np.uint64) << np.uint64(32)
        codes |= block[which].astype(np.uint64) + np.uint64(1)
        np.maximum.at(keys, py[inside].astype(np.int64) * width + px[inside], codes)
    triangle = (keys & np.uint64(0xFFFFFFFF)).astype(np.int64).astype(np.int32) - 1
    nearest = (keys >> np.uint64(32)).astype(F32) / NEARNESS_CODES
    return Coverage(triangle.reshape(size), nearest.reshape(size))


def fragments_of(coverage: Coverage, points: Array, nearness: Array, triangles: Array) -> Fragments:
    """The covered pixels with perspective-correct barycentric weights."""
    width = coverage.triangle.shape[1]
    flat = coverage.triangle.ravel()
    pixels = np.flatnonzero(flat >= 0)
    vertices = triangles[flat[pixels]]
    a, b, c = (points[vertices[:, corner]] for corner in range(3))
    center = np.stack([pixels % width, pixels // width], -1).astype(F32) + F32(0.5)
    inverse = 1 / ((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    offset = center - a
    u = (offset[:, 0] * (c[:, 1] - a[:, 1]) - offset[:, 1] * (c[:, 0] - a[:, 0])) * inverse
    v = (offset[:, 1] * (b[:, 0] - a[:, 0]) - offset[:, 0] * (b[:, 1] - a[:, 1])) * inverse
    weights = np.stack([1 - u - v, u, v], -1) * nearness[vertices]
    return Fragments(pixels, vertices, (weights / weights.sum(1, keepdims=True)).astype(F32))


def _pixel_span(first: Array, second: Array, third: Array, *, limit: int) -> tuple[Array, Array]:
    lowest = np.minimum(np.minimum(first, second), third)
    highest = np.maximum(np.maximum(first, second), third)
    start = np.clip(np.ceil(lowest - 0.5), 0, limit).astype(np.int32)
    return start, np.clip(np.floor(highest - 0.5), -1, limit - 1).astype(np.int32)


def _chunks(counts: Array) -> list[slice]:
    """Slices over the triangles, none with many more candidate pixels than `MAX_FRAGMENTS`."""
    total = np.cumsum(counts)
    slices, start = [], 0
    while start < len(counts):
        done = int(total[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(total, done + MAX_FRAGMENTS)))
        slices.append(slice(start, end))
        start = end
    return slices


def _candidates(left: Array, right: Array, top: Array, bottom: Array) -> tuple[Array, Array, Array]:
    """Every pixel of every bounding box: index of the triangle, x, y."""
    width = right - left + 1
    count = width * (bottom - top + 1)
    which = np.repeat(np.arange(len(count), dtype=np.int32), count)
    position = np.arange(len(which), dtype=np.int32) - np.repeat((np.cumsum(count) - count).astype(np.int32), count)
    row = position // width[which]
    return which, left[which] + position - row * width[which], top[which] + row


def _barycentric(
    corners: tuple[Array, Array, Array], area: Array, *, which: Array, pixel: tuple[Array, Array]
) -> tuple[Array, Array]:
    a, b, c = corners
    inverse = (1 / area).astype(F32)
    x, y = (pixel[0] + F32(0.5)) - a[which, 0], (pixel[1] + F32(0.5)) - a[which, 1]
    u_x, u_y = (c[:, 1] - a[:, 1]) * inverse, -(c[:, 0] - a[:, 0]) * inverse
    v_x, v_y = -(b[:, 1] - a[:, 1]) * inverse, (b[:, 0] - a[:, 0]) * inverse
    return x * u_x[which] + y * u_y[which], x * v_x[which] + y * v_y[which]
