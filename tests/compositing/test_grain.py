import numpy as np
import pytest

from tests.compositing.drawn_face import draw_face, face_points, look, paint
from understudy.compositing.blend import composite_face
from understudy.compositing.grain import add_grain, measure_grain
from understudy.compositing.measured import measure_face
from understudy.compositing.skin import skin_mask

POINTS = face_points(centre=(160, 160), side=130)
SKIN = skin_mask(POINTS, shape=(320, 320))


def grain_of(image):
    return measure_grain(image.astype(np.float32) / 255, SKIN) * 255


def draw(noise, seed=0):
    return draw_face(POINTS, extent=(320, 320), noise=noise, seed=seed)


@pytest.mark.parametrize("noise", [1.5, 3, 6])
def test_noise_on_skin_is_measured_within_a_fifth(noise):
    assert grain_of(draw(noise)) == pytest.approx(noise, rel=0.2)


def test_features_and_edges_are_no_grain():
    assert grain_of(draw(0)) < 0.2


def test_too_little_skin_has_no_grain():
    assert measure_grain(np.ones((30, 30, 3), np.float32), np.zeros((30, 30), bool)) == 0
    assert measure_grain(np.ones((5, 5, 3), np.float32), np.ones((5, 5), bool)) == 0


@pytest.mark.parametrize("found", [0, 2])
def test_a_smoother_face_gets_the_frames_grain_within_a_fifth(found):
    frame = draw(4, seed=1)
    painted = paint(draw(found, seed=2), POINTS, resolution=320)
    settings = look(grain=1)
    result = composite_face(
        frame, painted, measure_face(frame, painted, settings=settings), settings=settings, clip="c"
    )
    assert not np.array_equal(result, frame)
    assert grain_of(result) == pytest.approx(grain_of(frame), rel=0.2)


def test_a_coarser_face_gets_none():
    frame = draw(1)
    painted = paint(draw(5, seed=2), POINTS, resolution=320)
    assert measure_face(frame, painted, settings=look(grain=1)).grain == 0


def test_grain_depends_on_seed_clip_frame_and_face_alone():
    flat = np.full((40, 40, 3), 0.5, np.float32)
    first = add_grain(flat, deviation=0.02, seed=1, clip="bo", frame=3, face=0)
    again = add_grain(flat, deviation=0.02, seed=1, clip="bo", frame=3, face=0)
    assert np.array_equal(first, again)
    for change in ({"seed": 2}, {"clip": "ada"}, {"frame": 4}, {"face": 1}):
        other = add_grain(flat, **({"deviation": 0.02, "seed": 1, "clip": "bo", "frame": 3, "face": 0} | change))
        assert not np.array_equal(first, other)
    assert first.std() == pytest.approx(0.02, rel=0.1)
