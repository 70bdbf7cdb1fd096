import numpy as np
import pytest

from understudy.geometry import MEAN_51, estimate_pose
from understudy.scoring.performance import _rotation, correlation, jitter, pose_offset, poses, turn_error


def face(place=(0.0, 0.0), side=100.0):
    """68 points of a mean face; the jaw is a half circle below it."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.column_stack([0.5 + 0.65 * np.cos(angles), 0.4 + 0.75 * np.sin(angles)])
    return np.vstack([jaw, MEAN_51]) * side + np.asarray(place)


def eye_distance_of(points):
    return np.linalg.norm(points[45] - points[36])


def test_a_face_that_moves_evenly_has_no_jitter():
    track = np.array([face((3.0 * frame, -1.0 * frame)) for frame in range(6)])
    assert jitter(track, np.arange(6)) == pytest.approx(0, abs=1e-9)


def test_a_shaken_face_has_the_jitter_it_was_shaken_by():
    track = np.array([face((frame % 2, 0.0)) for frame in range(9)])  # one pixel to and fro: second differences of 2
    assert jitter(track, np.arange(9)) == pytest.approx(100 * 2 / eye_distance_of(track[0]))


def test_jitter_does_not_depend_on_the_size_of_the_face():
    small, large = (np.array([face((frame % 2 * scale, 0.0), 100 * scale) for frame in range(5)]) for scale in (1, 3))
    assert jitter(small, np.arange(5)) == pytest.approx(jitter(large, np.arange(5)))


def test_jumps_between_blocks_of_frames_are_no_jitter():
    track = np.array([face((0.0, 0.0))] * 3 + [face((500.0, 0.0))] * 3)
    assert jitter(track, np.array([0, 1, 2, 10, 11, 12])) == pytest.approx(0, abs=1e-9)


def test_jitter_of_frames_that_never_stand_in_a_row_is_not_known():
    assert np.isnan(jitter(np.array([face()] * 3), np.array([0, 2, 4])))
    assert np.isnan(jitter(np.array([face()] * 2), np.array([0, 1])))


def test_a_frame_without_a_face_is_left_out_of_the_jitter():
    track = np.array([face((2.0 * frame, 0.0)) for frame in range(8)])
    track[4] = np.nan
    assert jitter(track, np.arange(8)) == pytest.approx(0, abs=1e-9)


def test_equal_values_correlate_fully_and_opposite_ones_inversely():
    values = np.array([0.1, 0.3, 0.2, 0.4])
    assert correlation(values, values) == pytest.approx(1)
    assert correlation(values, 2 * values + 3) == pytest.approx(1)
    assert correlation(values, -values) == pytest.approx(-1)


def test_a_mouth_that_never_moves_follows_nothing():
    assert np.isnan(correlation(np.full(5, 0.2), np.arange(5.0)))
    assert np.isnan(correlation(np.array([0.1, np.nan, np.nan]), np.arange(3.0)))


def test_correlation_passes_over_frames_without_a_face():
    assert correlation(np.array([1.0, 2.0, np.nan, 3.0]), np.array([2.0, 4.0, 99.0, 6.0])) == pytest.approx(1)


def test_a_tilted_head_is_off_by_its_tilt():
    tilt = np.radians(12)
    turned = face() @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    upright, tilted = poses(np.array([face()])), poses(np.array([turned]))
    assert turn_error(tilted, upright) == pytest.approx(12, abs=0.01)
    assert pose_offset(tilted, upright)[2] == pytest.approx(12, abs=0.01)


def test_the_same_pose_has_no_error_and_an_unseen_face_no_pose():
    upright = poses(np.array([face(), np.full((68, 2), np.nan)]))
    assert turn_error(upright, upright) == pytest.approx(0, abs=1e-5)
    assert np.isnan(upright[1]).all()


def test_a_steady_offset_is_told_from_errors():
    wanted = np.array([[10.0, 0.0, 0.0], [0.0, 5.0, 0.0], [-10.0, 0.0, 2.0], [3.0, 3.0, 3.0]])
    read = wanted + np.array([3.0, -2.0, 0.0])
    read[1, 0] += 4
    offset = pose_offset(read, wanted)
    assert offset == pytest.approx([3, -2, 0])
    assert turn_error(read - offset, wanted) == pytest.approx(1, abs=0.02)


def test_trembling_brows_and_jaws_are_no_jitter():
    track = np.array([face() for _ in range(6)])
    track[::2, :27] += 5
    assert jitter(track, np.arange(6)) == 0


def test_angles_become_the_rotation_they_were_read_from():
    rotation = _rotation(np.array([20.0, -10.0, 5.0]))
    assert rotation @ rotation.T == pytest.approx(np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)
    first, second, third = rotation
    assert np.degrees(np.arctan2(-third[0], third[2])) == pytest.approx(20)
    assert np.degrees(np.arcsin(third[1])) == pytest.approx(-10)
    assert np.degrees(np.arctan2(-first[1], second[1])) == pytest.approx(5)


def test_poses_are_those_of_the_geometry():
    assert poses(np.array([face()]))[0] == pytest.approx(estimate_pose(face())[:3])
