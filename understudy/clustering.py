"""Which faces are one identity: HDBSCAN, then nearest centroids (policy measured on 466 faces of 65 people).

Plain HDBSCAN splits or discards a clip with one person, and calls a tenth of a person's faces noise; with these steps
purity was .998 and nobody was split.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from understudy.params import Settings

NOISE = -1
Step = Literal["hdbscan", "single", "merged", "reassigned", "noise"]


class ClusterSettings(Settings):
    """How descriptors are grouped; distances are those of the recogniser."""

    min_cluster_faces: int = Field(ge=2)
    """Fewer faces than this are nobody. Lower it for stills."""
    min_neighbours: int = Field(ge=1)
    """How many neighbours make a place dense; higher leaves more faces to noise."""
    join_distance: float = Field(ge=0, lt=1)
    """Clusters nearer than this are never split. 0.30 for dlib's descriptor; from 0.40 different people merge."""
    retry_noise: float = Field(ge=0, le=1)
    """Share of noise above which a single cluster is tried: footage with one person has no contrast to see it by."""
    merge_distance: float = Field(ge=0, lt=1)
    """Clusters whose centroids (medians) are nearer become one. Different people: .42 and more."""
    assign_distance: float = Field(gt=0, lt=2)
    """Every face goes to the nearest centroid if it is this near, else it is noise. 99th percentile: .39."""
    reduce_above_faces: int = Field(ge=100)
    """From this many faces on, descriptors are first reduced to `reduced_dimensions` (PCA): 4 times faster."""
    reduced_dimensions: int = Field(ge=2, le=128)
    """Principal components that are kept for clustering; distances to centroids always use all 128 numbers."""


@dataclass(frozen=True)
class Clusters:
    """Identities of N faces; K clusters, numbered from the largest.

    labels       int (N,), -1 is noise
    probability, outlier_score   float (N,), HDBSCAN's
    distance     float (N,), to the nearest centroid; NaN when there is no cluster
    steps        what settled each face
    centroids    float (K, 128), medians
    """

    labels: np.ndarray
    probability: np.ndarray
    outlier_score: np.ndarray
    distance: np.ndarray
    steps: tuple[Step, ...]
    centroids: np.ndarray


def find_clusters(vectors_ND: np.ndarray, *, settings: ClusterSettings) -> Clusters:
    """The identities among N descriptors (N, D), the same whatever the number of cores.

    Sort the rows first: their order breaks ties.
    """
    vectors = np.asarray(vectors_ND, float)
    with threadpool_limits(1):
        found = _densest(_reduced(vectors, settings), settings)
        merged, centroids = _merge_near(vectors, found.labels, max_distance=settings.merge_distance)
        candidate, distance = nearest(vectors, centroids)
    assigned = np.where(distance <= settings.assign_distance, candidate, NOISE)
    steps = _steps(found, merged, assigned)
    labels, order = _numbered_by_faces(assigned)
    return Clusters(labels, found.probability, found.outlier_score, distance, steps, centroids[order])


def nearest(vectors: np.ndarray, centroids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each of (N, D) vectors the index of the nearest of (K, D) centroids and its distance.

    NOISE and NaN when there are no centroids.
    """
    if not len(centroids):
        return np.full(len(vectors), NOISE), np.full(len(vectors), np.nan)
    distances = _distances(vectors, centroids)
    return distances.argmin(1), distances.min(1)


@dataclass(frozen=True)
class _Dense:
    """What HDBSCAN says of N faces, and whether only a single cluster was sought."""

    labels: np.ndarray
    probability: np.ndarray
    outlier_score: np.ndarray
    is_single: bool

    @property
    def noise(self) -> float:
        return float((self.labels == NOISE).mean())


def _densest(vectors: np.ndarray, settings: ClusterSettings) -> _Dense:
    if len(vectors) < max(settings.min_cluster_faces, settings.min_neighbours + 1):
        nothing = np.zeros(len(vectors))
        return _Dense(np.full(len(vectors), NOISE), nothing, nothing, is_single=False)
    several = _run_hdbscan(vectors, settings, is_single=False)
    if several.noise <= settings.retry_noise:
        return several
    single = _run_hdbscan(vectors, settings, is_single=True)
    return single if single.noise < several.noise else several


def _run_hdbscan(vectors: np.ndarray, settings: ClusterSettings, *, is_single: bool) -> _Dense:
    from hdbscan import HDBSCAN  # takes over a second to import

    model = HDBSCAN(
        min_cluster_size=settings.min_cluster_faces,
        min_samples=settings.min_neighbours,
        cluster_selection_epsilon=settings.join_distance,
        cluster_selection_method="eom",
        allow_single_cluster=is_single,
        core_dist_n_jobs=1,
    ).fit(vectors)
    return _Dense(model.labels_, model.probabilities_, model.outlier_scores_, is_single)


def _reduced(vectors: np.ndarray, settings: ClusterSettings) -> np.ndarray:
    if len(vectors) < settings.reduce_above_faces:
        return vectors
    centred = vectors - vectors.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return centred @ axes[:, -settings.reduced_dimensions :]


def _merge_near(vectors: np.ndarray, labels: np.ndarray, *, max_distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels after clusters with near centroids became one, nearest first, and the centroids (medians) by label."""
    labels = labels.copy()
    while True:
        names = [name for name in np.unique(labels) if name != NOISE]
        centroids = np.array([np.median(vectors[labels == name], axis=0) for name in names])
        gaps = _distances(centroids, centroids) if names else np.zeros((0, 0))
        gaps[np.tril_indices(len(names))] = np.inf
        if not gaps.size or gaps.min() >= max_distance:
            return labels, centroids.reshape(-1, vectors.shape[1])
        first, second = np.unravel_index(gaps.argmin(), gaps.shape)
        labels[labels == names[second]] = names[first]


def _distances(vectors: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    return np.column_stack([np.linalg.norm(vectors - centroid, axis=1) for centroid in centroids])


def _steps(found: _Dense, merged: np.ndarray, assigned: np.ndarray) -> tuple[Step, ...]:
    names = np.array([name for name in np.unique(merged) if name != NOISE], int)
    final = np.where(assigned == NOISE, NOISE, names[assigned] if len(names) else NOISE)
    by_hdbscan: Step = "single" if found.is_single else "hdbscan"

    def step(raw: int, joined: int, last: int) -> Step:
        if last == NOISE:
            return "noise"
        if last != joined:
            return "reassigned"
        return by_hdbscan if raw == joined else "merged"

    return tuple(step(*row) for row in zip(found.labels, merged, final, strict=True))


def _numbered_by_faces(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels renumbered from the largest cluster, ties by first row; and the old label of each new one."""
    names, firsts, counts = np.unique(labels[labels != NOISE], return_index=True, return_counts=True)
    order = names[np.lexsort((firsts, -counts))]
    renumbered = np.full(len(labels), NOISE)
    for new, old in enumerate(order):
        renumbered[labels == old] = new
    return renumbered, order
