import cv2
import numpy as np
import pytest

from tests.models.cartoons import cartoon_faces, cartoon_points
from understudy.driven.actor import drive, know_person
from understudy.driven.shapes import Shape, make_template, place, pose_of, rotation_of
from understudy.driven.steady import crop_points, frame_points
from understudy.driven.turned import Reach, turn_back, turn_on

REACH = Reach(np.array([-20.0, -5.0]), np.array([20.0, 5.0]))


@pytest.fixture(scope="module")
def shape():
    points = np.stack([cartoon_points("ada", yaw_deg=0, mouth=0.1, lids=1.0)] * 3)
    return Shape(make_template(points), np.zeros((68, 3)), np.zeros((68, 3)))


def turned(shape, *angles):
    return 60 * shape.still @ rotation_of(*angles)[:2].T + [110.0, 95.0]


def back(points, shape):
    return turn_back(points, shape, REACH, mouth=0.1, eyes=1.0)


def test_a_face_within_the_sources_turns_stays_where_it_is(shape):
    for angles in ((22.0, 3.0, 4.0), (-15.0, 12.0, 0.0)):
        points = turned(shape, *angles)
        found = back(points, shape)
        assert not found.is_turned
        assert np.array_equal(found.points, points)


def test_a_face_beyond_the_sources_turns_is_turned_back_to_them(shape):
    found = back(turned(shape, 45.0, 3.0, 6.0), shape)
    assert found.is_turned
    assert pose_of(place(found.points, shape.still))[:3] == pytest.approx((23.0, 3.0, 6.0), abs=1e-6)


def test_what_a_shape_does_not_know_of_an_expression_survives_turning_back(shape):
    points = turned(shape, 40.0, 0.0, 0.0)
    raised = points.copy()
    raised[19] += [1.0, -5.0]
    assert back(raised, shape).points[19] - back(points, shape).points[19] == pytest.approx([1.0, -5.0])


def test_there_is_no_jump_where_turning_back_begins(shape):
    below, above = (back(turned(shape, 23.0 + step, 0.0, 0.0), shape) for step in (-1e-4, 1e-4))
    assert above.is_turned
    assert not below.is_turned
    assert np.abs(below.points - above.points).max() < 1e-2


def test_landmarks_arrive_where_they_are_wanted_when_a_patch_is_turned_on(shape):
    painted, wanted = turned(shape, 20.0, 0.0, 0.0), turned(shape, 38.0, 0.0, 0.0)
    nearness = 60 * shape.still @ rotation_of(38.0, 0.0, 0.0)[2]
    for landmark in (30, 36, 39, 54, 57):
        patch = np.zeros((192, 192, 3), np.uint8)
        cv2.circle(patch, tuple(painted[landmark].round().astype(int).tolist()), 3, (255, 255, 255), -1)
        y, x = np.nonzero(turn_on(patch, painted, wanted, nearness)[..., 0] > 128)
        assert np.hypot(*(np.array([x.mean(), y.mean()]) - wanted[landmark])) < 4


def test_a_patch_that_needs_no_turning_comes_back_as_it_was(shape):
    points = turned(shape, 10.0, 0.0, 0.0)
    patch = cv2.resize(np.random.default_rng(1).integers(0, 255, (12, 12, 3), np.uint8), (192, 192))
    same = turn_on(patch, points, points, points[:, 0])
    assert np.abs(same.astype(int) - patch)[8:-8, 8:-8].max() <= 2


def test_what_lies_behind_is_hidden_by_what_lies_in_front():
    """Two sheets folded onto each other: the nearer one is seen."""
    y, x = np.mgrid[10:182:9, 10:182:9].reshape(2, -1).astype(float)
    painted = np.column_stack([x, y])
    wanted = np.column_stack([96 - np.abs(x - 96) * 0.8, y])
    patch = np.zeros((192, 192, 3), np.uint8)
    patch[:, 96:] = 255
    seen = [turn_on(patch, painted, wanted, sign * (x - 96))[96, 60, 0] for sign in (1, -1)]
    assert seen == [255, 0]


def test_faces_are_only_turned_back_where_a_reach_is_given():
    faces = cartoon_faces("ada", number=24)
    known = know_person(faces, make_template(crop_points(faces, frame_points(faces))))
    narrow = Reach(np.array([-4.0, -20.0]), np.array([4.0, 20.0]))
    free, held = drive(faces, known, known, sized_by="face"), drive(faces, known, known, sized_by="face", reach=narrow)
    assert not free.is_turned_N.any()
    assert held.is_turned_N.any()
    assert not held.is_turned_N.all()
    assert np.array_equal(free.wanted_N682, held.wanted_N682)
    yaws = [pose_of(place(points[:68], known.shape.still)).yaw_deg for points in held.points_N702]
    assert np.abs(yaws).max() < 8
