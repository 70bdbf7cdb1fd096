"""Small shapes the actors are modelled with: steps, bumps, smooth unions, noise and vectors.

Vector sums are written out instead of handed to a matrix library, so that they do not depend on its threads.
"""

import cv2
import numpy as np

Array = np.ndarray
F32 = np.float32


def smoothstep(start: float, end: float, value: Array) -> Array:
    """0 before `start`, 1 after `end`, a smooth S between; `start` may lie above `end`."""
    position = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(position * position * (3 - 2 * position))


def bump(x: Array, y: Array, at: tuple[float, float], size: tuple[float, float], power: float = 1.0) -> Array:
    """A Gaussian hill of height 1 at `at`; a larger power gives it a flatter top and steeper flanks."""
    distance = ((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2
    return np.asarray(np.exp(-(distance if power == 1.0 else distance**power)))


def ridge(distance: Array, width: Array | float, power: float = 2.0) -> Array:
    """A crest of height 1 where `distance` is zero."""
    return np.asarray(np.exp(-(np.abs(distance / width) ** power)))


def smooth_max(first: Array, second: Array, softness: float) -> Array:
    """The larger of two heights, with the crease between them filled over `softness`."""
    share = np.clip(0.5 + 0.5 * (first - second) / softness, 0, 1)
    return np.asarray(second * (1 - share) + first * share + softness * share * (1 - share))


def ellipsoid_cap(x: Array, y: Array, center: tuple[float, float, float], radii: tuple[float, float, float]) -> Array:
    """Height of the front of an ellipsoid, continued smoothly downwards beyond its rim."""
    distance = ((x - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2
    return np.asarray(center[2] + radii[2] * (1 - distance / 2 - distance * distance / 8))


def dot(first: Array, second: Array) -> Array:
    """Scalar products over the last axis, which has three entries; `second` may be a single vector."""
    return np.asarray(first[..., 0] * second[..., 0] + first[..., 1] * second[..., 1] + first[..., 2] * second[..., 2])


def unit(vectors: Array) -> Array:
    """The vectors of the last axis at length 1."""
    return np.asarray(vectors * (1 / (np.sqrt(dot(vectors, vectors)) + F32(1e-9)))[..., None])


def rotated(vectors: Array, rotation: Array) -> Array:
    """Row vectors (..., 3) turned by a 3x3 matrix."""
    return np.stack([dot(vectors, row) for row in rotation], axis=-1)


def smooth_noise(generator: np.random.Generator, size: int, cell: float) -> Array:
    """(size, size) float32 noise of deviation 1 whose features are about `cell` texels wide."""
    num_cells = max(2, round(size / cell)) + 1
    coarse = generator.standard_normal((num_cells, num_cells)).astype(F32)
    noise = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise / (noise.std() + 1e-6), dtype=F32)


def fractal_noise(generator: np.random.Generator, size: int, cell: float, octaves: int = 4) -> Array:
    """(size, size) float32 noise of deviation 1: `octaves` layers, each half as wide and .55 as strong."""
    total = np.zeros((size, size), F32)
    for octave in range(octaves):
        total += F32(0.55**octave) * smooth_noise(generator, size, cell / 2**octave)
    return np.asarray(total / total.std(), dtype=F32)
