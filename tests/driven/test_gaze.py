import cv2
import numpy as np
import pytest

from tests.models.cartoons import cartoon_faces, cartoon_points, draw_cartoon
from understudy.driven.actor import ANY_TURN, drive, know_person
from understudy.driven.gaze import look_on
from understudy.driven.shapes import make_template
from understudy.driven.steady import crop_points, frame_points
from understudy.geometry import LEFT_EYE


def with_irises(points):
    return np.vstack([points, (points[36] + points[39]) / 2, (points[42] + points[45]) / 2])


def iris_x(picture, points):
    lids = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(lids, np.round(points[list(LEFT_EYE)]).astype(np.int32), 1)
    dark = np.clip(150.0 - picture[..., 0], 0, None) * cv2.erode(lids, np.ones((3, 3), np.uint8))
    return (dark * np.arange(picture.shape[1])).sum() / dark.sum()


@pytest.mark.parametrize("beyond", [-0.1, 0.1])
def test_irises_move_within_the_lids_and_nothing_else_does(beyond):
    points = cartoon_points("ada", yaw_deg=0, mouth=0.1, lids=1.2)
    patch = draw_cartoon("ada", points)
    moved = look_on(patch, with_irises(points), beyond)
    asked = beyond * np.linalg.norm(points[39] - points[36])
    assert (iris_x(moved, points) - iris_x(patch, points)) / asked > 0.5
    brows, mouth = (slice(0, int(points[37, 1]) - 6), slice(int(points[41, 1]) + 6, None))
    assert np.array_equal(moved[brows], patch[brows])
    assert np.array_equal(moved[mouth], patch[mouth])


def test_what_is_beyond_the_sources_looks_is_left_for_after_the_painting():
    faces = cartoon_faces("ada", number=24)
    known = know_person(faces, make_template(crop_points(faces, frame_points(faces))))
    free = drive(faces, known, known, sized_by="face")
    held = drive(faces, known, known, sized_by="face", reach=ANY_TURN._replace(looks=(-0.02, 0.02)))
    assert not free.beyond_N.any()
    assert np.abs(held.beyond_N).max() > 0.03
    assert held.traits.eyes_B2[:, 1].abs().max().item() <= 0.0201
    along = held.points_N702[:, 39] - held.points_N702[:, 36]
    apart = ((free.points_N702 - held.points_N702)[:, 68] * along).sum(-1) / (along**2).sum(-1)
    assert np.allclose(apart, held.beyond_N)
