import numpy as np
import pytest

from understudy.compositing.steadiness import follow_faces, steady

SIDES = np.full(6, 100.0)


def follow(frames, scenes, centres):
    number = len(frames)
    return follow_faces(np.array(frames), np.array(scenes), np.array(centres, float), SIDES[:number])


def test_a_moving_face_is_followed():
    tracks = follow([3, 4, 5], [0, 0, 0], [(0, 0), (20, 0), (40, 0)])
    assert tracks[1] == {3: 0, 4: 1, 5: 2}


def test_a_cut_a_gap_and_a_jump_end_a_track():
    assert follow([0, 1], [0, 1], [(0, 0), (0, 0)])[1] == {1: 1}
    assert follow([0, 2], [0, 0], [(0, 0), (0, 0)])[1] == {2: 1}
    assert follow([0, 1], [0, 0], [(0, 0), (80, 0)])[1] == {1: 1}


def test_two_faces_in_a_frame_are_kept_apart():
    tracks = follow([0, 0, 1, 1], [0] * 4, [(0, 0), (30, 0), (4, 0), (34, 0)])
    assert tracks[2] == {0: 0, 1: 2}
    assert tracks[3] == {0: 1, 1: 3}


def test_values_are_averaged_one_two_one():
    frames = np.arange(3)
    tracks = follow([0, 1, 2], [0] * 3, [(0, 0)] * 3)
    values = [np.array([value]) for value in (0.0, 4.0, 8.0)]
    assert [one.item() for one in steady(values, frames, tracks, reach=1)] == pytest.approx([4 / 3, 4, 20 / 3])


def test_a_value_that_stays_stays_and_noise_shrinks():
    frames = np.arange(6)
    tracks = follow(range(6), [0] * 6, [(0, 0)] * 6)
    same = steady([np.float32([0.3, 0.7])] * 6, frames, tracks, reach=3)
    assert all(np.array_equal(one, np.float32([0.3, 0.7])) for one in same)
    noisy = [np.array([value]) for value in (1.0, -1.0, 1.0, -1.0, 1.0, -1.0)]
    assert max(abs(one.item()) for one in steady(noisy, frames, tracks, reach=3)) < 0.4


def test_reach_zero_and_another_shape_change_nothing():
    frames = np.arange(3)
    tracks = follow([0, 1, 2], [0] * 3, [(0, 0)] * 3)
    values = [np.ones((2, 2)), np.zeros((0, 2)), np.full((2, 2), 3.0)]
    for reach in (0, 1):
        assert all(
            np.array_equal(*pair) for pair in zip(steady(values, frames, tracks, reach=reach), values, strict=True)
        )
