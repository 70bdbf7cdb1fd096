import numpy as np
import pytest

from understudy.analysers.dlib_68 import Landmarks
from understudy.analysis import Fit
from understudy.geometry import MEAN_51, MEAN_CENTRE, eye_distance, fit_crop
from understudy.landmarking import (
    FitSettings,
    box_around,
    doubt,
    mean_fit,
    perturbed_boxes,
    share_inside,
    sharpness,
    sure_fit,
)

VALUES = {
    "backend": "dlib_68",
    "fits": 9,
    "perturbation": 0.02,
    "seed": 0,
    "max_spread": 0.02,
    "retry_score": 0.5,
    "sure_score": 0.0,
    "max_spread_unsure": 0.01,
    "min_eye_distance_px": 16,
    "min_inside": 0.9,
}
SETTINGS = FitSettings.model_validate(VALUES)
BOX = np.array([100.0, 50.0, 200.0, 150.0])


def face_points(side=100.0, corner=(100.0, 60.0)):
    """68 points of the mean face; the jaw, which no test here looks at, is a line below it."""
    jaw = np.column_stack([np.linspace(0, 1, 17), np.full(17, 1.1)])
    return np.vstack([jaw, MEAN_51]) * side + corner


class Shaky:
    """Stands for a back end whose fits follow their box."""

    maker = None

    def fit_boxes(self, image, boxes_N4):
        return np.stack([face_points(box[2] - box[0], box[:2]) for box in boxes_N4])


def test_perturbed_boxes_scatter_around_the_box_they_came_from():
    boxes = perturbed_boxes(BOX, settings=SETTINGS, generator=np.random.default_rng(0))
    assert boxes.shape == (9, 4)
    assert np.allclose(boxes.mean(0), BOX)
    assert np.allclose(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    assert 0 < np.abs(boxes - BOX).max() < 12


def test_the_same_stream_gives_the_same_fit_and_another_one_another():
    image = np.zeros((300, 300, 3), np.uint8)
    one, again, other = (
        mean_fit(image, BOX, landmarker=Shaky(), settings=SETTINGS, stream=stream, step=3) for stream in ("a", "a", "b")
    )
    assert np.array_equal(one.points, again.points)
    assert one.spread == again.spread != other.spread
    assert one.spread > 0


class Hesitant(Shaky):
    """Its first fits of a face lie far apart, later ones near each other."""

    def __init__(self, *, unsure_times):
        self.unsure_times = unsure_times

    def fit_boxes(self, image, boxes_N4):
        points = super().fit_boxes(image, boxes_N4)
        if len(boxes_N4) > 1 and self.unsure_times > 0:
            self.unsure_times -= 1
            points += np.linspace(-9, 9, len(points))[:, None, None]
        return points


@pytest.mark.parametrize(
    ("unsure_times", "score", "is_sure"), [(0, 0.1, True), (2, 0.9, True), (3, 0.9, False), (1, 0.1, False)]
)
def test_a_face_that_surely_is_one_is_fitted_again_when_its_fits_disagree(unsure_times, score, is_sure):
    fit = sure_fit(
        np.zeros((300, 300, 3), np.uint8),
        BOX,
        score=score,
        landmarker=Hesitant(unsure_times=unsure_times),
        settings=FitSettings.model_validate(VALUES | {"max_spread": 0.03}),
        stream="a",
        step=0,
    )
    assert (fit.spread <= 0.03) == is_sure


def test_the_box_around_points_lies_where_a_detector_puts_it():
    box = box_around(face_points())
    assert box[2] - box[0] == pytest.approx(122)
    assert (box[0] + box[2]) / 2 == pytest.approx(100 + 100 * MEAN_CENTRE[0])


@pytest.mark.parametrize(
    ("spread", "score", "reason"),
    [
        (0.019, 1.0, None),
        (0.021, 1.0, "spread 0.021 above 0.02"),
        (0.015, -0.1, "spread 0.015 above 0.01"),
        (0.009, -0.1, None),
    ],
)
def test_low_scores_meet_a_narrower_gate(spread, score, reason):
    assert doubt(Fit(face_points(), spread), score=score, frame_px=(640, 480), settings=SETTINGS) == reason


def test_a_face_cut_by_the_frame_and_a_small_one_are_doubted():
    cut = Fit(face_points(corner=(-50.0, 60.0)), 0.001)
    assert doubt(cut, score=1, frame_px=(640, 480), settings=SETTINGS).endswith("inside the frame, below 90%")
    small = Fit(face_points(side=10.0), 0.001)
    assert doubt(small, score=1, frame_px=(640, 480), settings=SETTINGS).startswith("eye distance")


def test_pixels_reach_half_a_pixel_beyond_their_centres():
    points = np.array([[-0.5, 0], [9.5, 4.5], [-0.6, 0], [0, 4.6]])
    assert share_inside(points, frame_px=(10, 5)) == 0.5


def test_a_blurred_face_is_less_sharp_and_what_lies_around_it_does_not_count():
    import cv2

    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    points = face_points()
    assert sharpness(cv2.GaussianBlur(noise, (0, 0), 2), points) < 0.2 * sharpness(noise, points)
    around = noise.copy()
    around[:40], around[:, 240:] = 0, 255
    assert sharpness(around, points) == sharpness(noise, points)


@pytest.fixture(scope="module")
def drawn():
    import av

    with av.open("tests/tiny/data/raw/ada.mp4") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_a_face_has_the_same_landmarks_at_any_resolution(drawn):
    import cv2

    from understudy.analysers.dlib_hog import Detector, SearchSettings

    (face,) = Detector(SearchSettings(longest_side_px=960, upsample=1, min_score=0)).search(drawn)
    fits = []
    for factor in (1, 2, 3):
        image = cv2.resize(drawn, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        box = (face.box_xyxy + 0.5) * factor - 0.5
        fit = mean_fit(image, box, landmarker=Landmarks(), settings=SETTINGS, stream="a", step=0)
        fits.append((fit.points + 0.5) / factor - 0.5)
    change = np.linalg.norm(np.array(fits[1:]) - fits[0], axis=-1).mean(-1) / eye_distance(fits[0])
    assert change.max() < 0.006
    assert fit_crop(fits[0]).shape == (2, 3)
