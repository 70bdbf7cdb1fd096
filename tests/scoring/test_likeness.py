import numpy as np
import pytest

from understudy.scoring.likeness import centroid, gain, likeness

SOURCE, TARGET = np.array([0.0, 0.0]), np.array([1.0, 0.0])


def test_distances_are_means_to_both_centroids():
    faces = np.array([[0.0, 0.3], [0.4, 0.0]])
    found = likeness(faces, source=SOURCE, target=TARGET)
    assert found.source_distance == pytest.approx((0.3 + 0.4) / 2)
    assert found.target_distance == pytest.approx((np.hypot(1, 0.3) + 0.6) / 2)
    assert found.source_nearer == 1


def test_a_frame_without_a_face_is_not_nearer_to_the_source():
    faces = np.array([[0.1, 0.0], [np.nan, np.nan], [0.9, 0.0], [0.1, 0.0]])
    found = likeness(faces, source=SOURCE, target=TARGET)
    assert found.source_nearer == 0.5
    assert found.source_distance == pytest.approx((0.1 + 0.9 + 0.1) / 3)


def test_nothing_seen_is_not_known():
    found = likeness(np.full((2, 2), np.nan), source=SOURCE, target=TARGET)
    assert np.isnan(found.source_distance)
    assert found.source_nearer == 0


def test_the_centroid_is_the_mean():
    assert centroid(np.array([[0.0, 2.0], [1.0, 4.0]])) == pytest.approx([0.5, 3.0])


@pytest.mark.parametrize(("shot", "wanted"), [(0.6, 0.0), (0.3, 1.0), (0.45, 0.5), (0.75, -0.5)])
def test_gain_runs_from_the_untouched_clip_to_the_true_swap(shot, wanted):
    assert gain(shot, untouched=0.6, true_swap=0.3) == pytest.approx(wanted)


def test_gain_is_not_known_where_the_true_swap_changes_nothing():
    assert np.isnan(gain(0.3, untouched=0.4, true_swap=0.4))
