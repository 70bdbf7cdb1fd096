import numpy as np
import pytest

from tests.compositing.drawn_face import draw_face, face_points, look, paint
from understudy.compositing.blend import composite_face
from understudy.compositing.clip import in_order
from understudy.compositing.faces import face_side_px
from understudy.compositing.measured import measure_face, steady_measures
from understudy.compositing.skin import skin_mask

POINTS = face_points(centre=(200, 190), side=120)
EXTENT = (400, 400)


def draw(points=POINTS, **options):
    return draw_face(points, extent=EXTENT, **options)


def composite(frame, painted, **settings):
    settings = look(**settings)
    return composite_face(frame, painted, measure_face(frame, painted, settings=settings), settings=settings, clip="c")


def test_the_unit_of_lengths_is_the_side_of_the_face_box():
    assert face_side_px(POINTS) == pytest.approx(120, rel=1e-6)


def test_a_face_that_stands_by_nothing_leaves_the_frame_untouched():
    frame = draw(noise=3)
    painted = paint(draw(skin=(230, 200, 190)), POINTS, alpha=np.zeros((128, 128), np.uint8))
    assert np.array_equal(composite(frame, painted, grain=1, sharpen=1), frame)


def test_painting_back_the_frames_own_pixels_gives_the_frame():
    """A crop of the frame's own scale, shifted by whole pixels: nothing is lost by resampling."""
    points = face_points(centre=(200.5, 190.5), side=120)
    frame = draw(points, noise=2)
    difference = np.abs(composite(frame, paint(frame, points, resolution=240)).astype(int) - frame)
    assert difference.max() <= 1
    far = np.ones(frame.shape[:2], bool)
    far[60:330, 90:310] = False
    assert not difference[far].any()


def test_painting_back_resampled_pixels_changes_no_tone():
    frame = draw()
    difference = composite(frame, paint(frame, POINTS, resolution=300)).astype(int) - frame
    assert np.abs(difference[skin_mask(POINTS, shape=(400, 400))]).max() <= 1
    assert np.abs(difference.mean((0, 1))).max() < 0.05


def test_the_painted_face_is_what_one_sees():
    frame, other = draw(), draw(skin=(120, 160, 200))
    result = composite(frame, paint(other, POINTS, resolution=256), eyes=0)
    eye = tuple(int(value) for value in POINTS[36:42].mean(0))[::-1]
    assert not np.array_equal(result[eye], frame[eye]) or np.array_equal(other[eye], frame[eye])
    shifted = paint(draw(POINTS + np.array([0, 6])), POINTS, resolution=256)
    assert np.abs(composite(frame, shifted).astype(int) - frame).max() > 60


def test_the_outline_follows_the_model_as_far_as_asked():
    jaw = POINTS[3:14]
    narrower = jaw + (POINTS[30] - jaw) * 0.08
    frame = draw()
    painted = paint(frame, POINTS, outline=(jaw, narrower), alpha=np.full((128, 128), 1, np.uint8))
    moved = [np.abs(composite(frame, painted, outline=share).astype(int) - frame).sum() for share in (0, 0.5, 1)]
    assert moved[0] < moved[1] < moved[2]


@pytest.mark.parametrize("centre", [(20, 190), (200, 395), (-400, -400), (390, 10)])
def test_a_face_at_or_beyond_the_edge_of_the_frame_is_no_error(centre):
    points = face_points(centre=centre, side=120)
    frame = draw(points, noise=2)
    painted = paint(frame, points, outline=(points[3:14], points[3:14] + 1))
    result = composite(frame, painted, grain=1, sharpen=0.5)
    assert result.shape == frame.shape
    assert result.dtype == np.uint8


@pytest.mark.parametrize("side", [18, 500])
def test_tiny_and_huge_faces_are_composited(side):
    points = face_points(centre=(200, 190), side=side)
    frame = draw(points)
    result = composite(frame, paint(draw(points, skin=(230, 200, 190)), points), grain=1, sharpen=0.5)
    assert not np.array_equal(result, frame)
    assert np.abs(result.astype(int) - frame).mean() < 5


def test_steadied_measures_flicker_less():
    settings = look(light=1)
    frames = [draw(skin=(190 + step, 140 + step, 115 + step)) for step in (0, 8, 0, 8, 0, 8)]
    paints = [paint(draw(skin=(220, 190, 180)), POINTS, frame=index) for index in range(6)]
    each = [measure_face(frame, painted, settings=settings) for frame, painted in zip(frames, paints, strict=True)]
    calm = steady_measures(each, np.arange(6), np.zeros(6, int), reach=3)

    def flicker(measures):
        return np.abs(np.diff([measured.ratio.color for measured in measures], axis=0)).mean()

    assert flicker(calm) < 0.25 * flicker(each)
    assert flicker(steady_measures(each, np.arange(6), np.arange(6), reach=3)) == pytest.approx(flicker(each))


@pytest.mark.parametrize("threads", [1, 4])
def test_work_in_threads_keeps_its_order_and_its_errors(threads):
    assert list(in_order(lambda number: number * number, range(50), threads=threads)) == [n * n for n in range(50)]
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 / (number - 20), range(50), threads=threads))


def test_threads_run_only_a_few_items_ahead():
    taken = []
    results = in_order(lambda number: number, (taken.append(n) or n for n in range(1000)), threads=2)
    for _ in range(3):
        next(results)
    assert len(taken) < 12
    results.close()
