"""Whom faces look like: distances to the source's and the target's centroid, on the recogniser's own scale.

"Nearer to the source" alone lies: a shapeless blur reaches 100 %. Read both distances, and the sharpness.
"""

from typing import NamedTuple

import numpy as np


class Likeness(NamedTuple):
    """Mean distance to the source's and to the target's centroid, and the share of faces nearer to the source.

    A frame in which no face is seen has no distance and is not nearer to the source.
    """

    source_distance: float
    target_distance: float
    source_nearer: float


def centroid(embeddings_NK: np.ndarray) -> np.ndarray:
    """The mean of raw descriptors (N, K): (K,)."""
    return np.asarray(embeddings_NK, float).mean(0)


def likeness(embeddings_NK: np.ndarray, *, source: np.ndarray, target: np.ndarray) -> Likeness:
    """Whom N descriptors look like, given both centroids (K,); rows of NaN are frames without a face."""
    to_source, to_target = (np.linalg.norm(embeddings_NK - middle, axis=1) for middle in (source, target))
    return Likeness(mean(to_source), mean(to_target), mean((to_source < to_target).astype(float)))


def gain(shot: float, *, untouched: float, true_swap: float) -> float:
    """How far a shot's distance to the source went from the untouched clip's (0) to the true swap's (1)."""
    return (untouched - shot) / (untouched - true_swap) if untouched != true_swap else float("nan")


def mean(values: np.ndarray) -> float:
    """The mean of what is known; NaN when nothing is."""
    known = np.asarray(values, float)[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
