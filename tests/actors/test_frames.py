"""Rendered frames: repeatable, with a truth that fits the pixels, and a true swap that changes only the face."""

import cv2
import numpy as np
import pytest

from understudy.actors import cast
from understudy.actors.clip import render_frame
from understudy.actors.lighting import lamps, room
from understudy.actors.performance import Performance

SIZE = (160, 160)
ACTING = Performance(yaw_deg=12.0, jaw=0.4, lip_up=0.3, lip_down=0.3, smile=0.3)


def draw(actor, acting=ACTING, **changes):
    settings = {"size": SIZE, "light": lamps(), "background": room(3, size=SIZE), "frame_index": 4} | changes
    return render_frame(actor, acting, **settings)


@pytest.fixture(scope="module")
def bo():
    return draw(cast.actor("bo"))


def test_the_same_frame_drawn_twice_is_the_same_bytes(bo):
    again = draw(cast.actor("bo"))
    np.testing.assert_array_equal(bo.image, again.image)
    np.testing.assert_array_equal(bo.points, again.points)


def test_the_number_of_opencv_threads_does_not_change_a_frame(bo):
    before = cv2.getNumThreads()
    cv2.setNumThreads(1 if before > 1 else 3)
    try:
        np.testing.assert_array_equal(bo.image, draw(cast.actor("bo")).image)
    finally:
        cv2.setNumThreads(before)


def test_another_frame_has_other_grain_but_the_same_face(bo):
    other = draw(cast.actor("bo"), frame_index=5)
    difference = np.abs(other.image.astype(int) - bo.image)
    assert difference.max() > 0
    assert difference.mean() < 3


def test_inner_landmarks_lie_inside_the_mask(bo):
    inner = np.round(bo.points[27:]).astype(int)
    assert bo.mask[inner[:, 1], inner[:, 0]].min() > 0.9


def test_openings_follow_the_performance():
    closed, spoken = draw(cast.actor("bo"), Performance(blink=1.0)), draw(cast.actor("bo"), Performance(jaw=0.8))
    assert closed.mouth_opening < 0.02 < 0.1 < spoken.mouth_opening
    assert closed.eye_opening < 0.02 < 0.07 < spoken.eye_opening


def test_positive_angles_point_right_up_and_clockwise():
    rest, *turned = (
        draw(cast.actor("bo"), acting).points
        for acting in (
            Performance(),
            Performance(yaw_deg=15),
            Performance(pitch_deg=15),
            Performance(roll_deg=15),
        )
    )
    nose = [points[30] - points[[36, 45]].mean(0) for points in (rest, *turned)]
    assert nose[1][0] > nose[0][0] + 3
    assert nose[2][1] < nose[0][1] - 3
    assert turned[2][45, 1] - turned[2][36, 1] > 3


def test_the_true_swap_keeps_the_performers_pixels_outside_the_face_and_changes_those_inside(bo):
    swapped = draw(cast.hybrid("bo", "ada", 1.0))
    around = cv2.dilate(np.maximum(bo.mask, swapped.mask), np.ones((25, 25), np.uint8)) > 0.01
    difference = np.abs(swapped.image.astype(int) - bo.image).max(-1)
    assert (difference[~around] > 4).mean() < 0.03  # the shadow on the neck moves with the jaw
    assert difference[bo.mask > 0.99].mean() > 8


def test_the_true_swap_keeps_the_performance(bo):
    swapped = draw(cast.hybrid("bo", "ada", 1.0))
    np.testing.assert_array_equal(swapped.rotation, bo.rotation)
    assert abs(swapped.mouth_opening - bo.mouth_opening) < 0.04


def test_tone_brings_the_skin_colour_to_the_performers():
    inner = draw(cast.actor("bo")).mask > 0.99
    performer, plain, matched = (
        draw(actor).image[inner].mean(0)
        for actor in (cast.actor("bo"), cast.hybrid("bo", "ada"), cast.hybrid("bo", "ada", 1.0))
    )
    assert np.abs(matched - performer).max() < 0.5 * np.abs(plain - performer).max()


def test_six_actors_are_cast_and_have_names_of_files():
    assert cast.CAST == ("ada", "bo", "cleo", "dag", "emi", "finn")
    assert set(cast.DESIGNS) == set(cast.CAST)
