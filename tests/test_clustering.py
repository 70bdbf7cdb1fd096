import numpy as np
import pytest

from understudy.clustering import ClusterSettings, find_clusters, nearest

VALUES = {
    "min_cluster_faces": 10,
    "min_neighbours": 5,
    "join_distance": 0.3,
    "retry_noise": 0.3,
    "merge_distance": 0.35,
    "assign_distance": 0.5,
    "reduce_above_faces": 20000,
    "reduced_dimensions": 40,
}


def clusters_of(vectors, **changes):
    return find_clusters(np.asarray(vectors), settings=ClusterSettings.model_validate(VALUES | changes))


def person(seed, number, *, radius=0.28):
    """Descriptors of one person as they scatter: `radius` around a place of their own."""
    generator = np.random.default_rng(seed)
    centre = generator.standard_normal(128)
    directions = generator.standard_normal((number, 128))
    scatter = directions / np.linalg.norm(directions, axis=1, keepdims=True) * generator.uniform(0, radius, (number, 1))
    return centre / np.linalg.norm(centre) * 0.6 + scatter


def test_two_people_are_two_clusters_numbered_from_the_larger():
    found = clusters_of(np.vstack([person(1, 30), person(2, 50)]))
    assert found.labels.tolist() == [1] * 30 + [0] * 50
    assert set(found.steps) == {"hdbscan"}
    assert found.centroids.shape == (2, 128)


def test_one_person_alone_is_one_cluster():
    found = clusters_of(person(3, 60))
    assert (found.labels == 0).all()


def test_strangers_are_noise():
    strangers = np.vstack([person(seed, 1) for seed in range(10, 18)])
    found = clusters_of(np.vstack([person(1, 40), person(2, 40), strangers]))
    assert (found.labels[80:] == -1).all()
    assert set(found.steps[80:]) == {"noise"}
    assert (found.distance[80:] > 0.5).all()


def test_the_order_of_rows_does_not_change_who_belongs_together():
    vectors = np.vstack([person(1, 30), person(2, 50), person(4, 20)])
    order = np.random.default_rng(0).permutation(len(vectors))
    assert np.array_equal(clusters_of(vectors).labels[order], clusters_of(vectors[order]).labels)


def test_clusters_with_near_centroids_become_one():
    apart = person(1, 40, radius=0.05)
    shifted = apart + np.eye(128)[0] * 0.33
    vectors = np.vstack([apart, shifted, person(2, 40)])
    found = clusters_of(vectors, join_distance=0.0)
    assert len(set(found.labels[:80].tolist())) == 1
    assert "merged" in found.steps
    assert len(set(clusters_of(vectors, join_distance=0.0, merge_distance=0.3).labels.tolist())) == 3


def test_faces_that_hdbscan_drops_go_to_the_nearest_centroid():
    dense = person(1, 40, radius=0.05)
    stragglers = np.median(dense, axis=0) + np.eye(128)[:4] * 0.4
    vectors = np.vstack([dense, dense + np.eye(128)[9] * 0.33, person(2, 40), stragglers])
    found = clusters_of(vectors, join_distance=0.0)
    assert set(found.labels[-4:]) == {found.labels[0]}
    assert set(found.steps[-4:]) == {"reassigned"}
    assert found.distance[-4:] == pytest.approx(0.4, abs=0.2)


@pytest.mark.parametrize("number", [0, 1, 9])
def test_fewer_faces_than_a_cluster_needs_are_noise(number):
    found = clusters_of(person(1, number))
    assert found.labels.tolist() == [-1] * number
    assert found.centroids.shape == (0, 128)
    assert np.isnan(found.distance).all()


def test_fewer_dimensions_give_the_same_clusters():
    vectors = np.vstack([person(1, 80), person(2, 90)])
    reduced = clusters_of(vectors, reduce_above_faces=100, reduced_dimensions=20)
    assert np.array_equal(reduced.labels, clusters_of(vectors).labels)


def test_frozen_footage_is_one_cluster():
    assert (clusters_of(np.repeat(person(1, 1), 40, axis=0)).labels == 0).all()


def test_nearest_of_no_centroids_is_noise():
    labels, distance = nearest(np.ones((2, 3)), np.ones((0, 3)))
    assert labels.tolist() == [-1, -1]
    assert np.isnan(distance).all()
