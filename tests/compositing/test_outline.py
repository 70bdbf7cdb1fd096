import cv2
import numpy as np
import pytest

from tests.compositing.drawn_face import draw_face, face_points
from understudy.compositing.outline import fit_outline, move_points, warp_outline

POINTS = face_points()
JAW = POINTS[3:14]
NARROWER = JAW + (POINTS[30] - JAW) * 0.08


@pytest.fixture
def image():
    return draw_face(POINTS)


def test_control_points_arrive_at_their_places(image):
    outline = fit_outline(POINTS, JAW, NARROWER, image=image)
    assert move_points(outline, JAW) == pytest.approx(NARROWER, abs=0.1)


def test_the_picture_moves_with_the_control_points(image):
    for index, point in enumerate(JAW):
        spotted = cv2.circle(image.copy(), tuple(round(value) for value in point), 2, (255, 255, 0), -1)
        warped = warp_outline(spotted, fit_outline(POINTS, JAW, NARROWER, image=image))
        yellow = np.argwhere((warped[..., 0] > 200) & (warped[..., 2] < 60))[:, ::-1]
        assert yellow.mean(0) == pytest.approx(NARROWER[index], abs=1.0)


def test_eyes_and_hair_stay(image):
    outline = fit_outline(POINTS, JAW, NARROWER, image=image)
    upper = np.vstack([POINTS[17:27], POINTS[36:48], POINTS[17:27] - [0, 30]])
    assert np.abs(move_points(outline, upper) - upper).max() < 0.02 * 80


def test_pixels_away_from_the_face_are_the_same_bytes():
    points = face_points(centre=(200, 200))
    image = np.random.default_rng(0).integers(0, 255, (400, 400, 3), np.uint8)
    outline = fit_outline(points, points[3:14], points[3:14] + np.array([3, -2]), image=image)
    warped = warp_outline(image, outline)
    away = np.ones(image.shape[:2], bool)
    outline.region.cut(away)[:] = False
    assert away.any()
    assert np.array_equal(warped[away], image[away])
    assert not np.array_equal(warped, image)


def test_nothing_to_move_is_no_warp(image):
    assert fit_outline(POINTS, np.zeros((0, 2)), np.zeros((0, 2)), image=image) is None


def test_an_outline_that_stays_changes_no_byte(image):
    noisy = np.random.default_rng(1).integers(0, 255, image.shape, np.uint8)
    assert np.array_equal(warp_outline(noisy, fit_outline(POINTS, JAW, JAW, image=noisy)), noisy)


def test_the_input_is_not_written_to(image):
    before = image.copy()
    warp_outline(image, fit_outline(POINTS, JAW, NARROWER, image=image))
    assert np.array_equal(image, before)


def test_a_chin_at_the_lower_edge_of_the_frame_still_moves():
    points = face_points(centre=(100, 145))
    image = draw_face(points)
    assert points[8, 1] > 190
    to = points[3:14] - [0, 6]
    outline = fit_outline(points, points[3:14], to, image=image)
    warped = warp_outline(image, outline)
    column = np.abs(warped[:, 100].astype(int) - image[:, 100]).max(-1)
    assert column[185:].max() > 20
