from pathlib import Path

import av
import numpy as np
import pytest

from understudy.analysers import dlib_68, dlib_resnet
from understudy.analysers.dlib_hog import Detector, SearchSettings
from understudy.errors import AnalysisError
from understudy.files import sha256_of
from understudy.weights import Weights, checked_weights, installed_weights

TINY = Path(__file__).parents[1] / "tiny/data/raw"
SEARCH = SearchSettings(longest_side_px=960, upsample=1, min_score=0)


def first_frame(clip):
    with av.open(str(TINY / f"{clip}.mp4")) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@pytest.fixture(scope="module")
def drawn():
    return first_frame("ada")


@pytest.fixture(scope="module")
def detector():
    return Detector(SEARCH)


def test_the_box_lies_on_the_face_at_any_resolution(drawn, detector):
    import cv2

    (face,) = detector.search(drawn)
    doubled = cv2.resize(drawn, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    (large,) = detector.search(doubled)
    assert np.abs((large.box_xyxy + 0.5) / 4 - 0.5 - face.box_xyxy).max() < 0.2 * np.ptp(face.box_xyxy[::2])


def test_a_frame_that_is_not_contiguous_is_searched_all_the_same(drawn, detector):
    mirrored = drawn[:, ::-1]
    assert not mirrored.flags["C_CONTIGUOUS"]
    assert len(detector.search(mirrored)) == 1


def test_a_small_face_is_found_enlarged_and_said_to_be(drawn, detector):
    import cv2

    canvas = np.full((360, 640, 3), 70, np.uint8)
    canvas[100:180, 300:380] = cv2.resize(drawn, (80, 80), interpolation=cv2.INTER_AREA)
    (face,) = detector.search(canvas)
    assert face.search == "upsampled"
    assert 300 < face.box_xyxy[0] < face.box_xyxy[2] < 380


def test_a_face_is_followed_to_where_it_moved_and_not_beyond(drawn, detector):
    (face,) = detector.search(drawn)
    (moved,) = detector.follow(np.roll(drawn, (6, 15), axis=(0, 1)), face.box_xyxy)
    assert moved.search == "track"
    middles = [(one.box_xyxy[:2] + one.box_xyxy[2:]) / 2 for one in (face, moved)]
    assert np.abs(middles[1] - middles[0] - [15, 6]).max() < 0.2 * np.ptp(face.box_xyxy[::2])
    assert detector.follow(np.full_like(drawn, 99), face.box_xyxy) == []


def test_a_box_beyond_the_frame_is_lost(drawn, detector):
    assert detector.follow(drawn, np.array([900.0, 10, 1000, 110])) == []


def test_landmarks_lie_on_the_drawn_face(drawn, detector):
    (face,) = detector.search(drawn)
    (points,) = dlib_68.Landmarks().fit_boxes(drawn, face.box_xyxy[None])
    eyes, mouth = points[36:48].mean(0), points[48:60].mean(0)
    left, top, right, bottom = face.box_xyxy
    assert left < eyes[0] < right
    assert top < eyes[1] < mouth[1] < bottom
    assert len(np.unique(points % 1)) > 20


def test_a_descriptor_is_raw_and_always_the_same(drawn, detector):
    (face,) = detector.search(drawn)
    (points,) = dlib_68.Landmarks().fit_boxes(drawn, face.box_xyxy[None])
    chip = dlib_resnet.cut_chip(drawn, points)
    assert chip.shape == (150, 150, 3)
    vector = dlib_resnet.describe(chip)
    assert np.array_equal(vector, dlib_resnet.describe(chip))
    assert 1.2 < np.linalg.norm(vector) < 1.7


def test_our_chip_gives_nearly_the_descriptor_of_dlibs_own(drawn, detector):
    import dlib

    (face,) = detector.search(drawn)
    (points,) = dlib_68.Landmarks().fit_boxes(drawn, face.box_xyxy[None])
    parts = dlib.points([dlib.point(round(x), round(y)) for x, y in points])
    theirs = dlib.get_face_chip(drawn, dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), parts), 150, 0.25)
    ours = dlib_resnet.cut_chip(drawn, points)
    gap = np.linalg.norm(dlib_resnet.describe(ours) - dlib_resnet.describe(np.ascontiguousarray(theirs)))
    assert gap < 0.15


def test_weights_must_be_there_and_be_the_pinned_ones(tmp_path):
    path = tmp_path / "net.dat"
    with pytest.raises(AnalysisError, match=r"net\.dat: no such weights; put the file with SHA-256 00ff there"):
        checked_weights(path, Weights("net.dat", "00ff"))
    path.write_bytes(b"weights")
    with pytest.raises(AnalysisError, match=r"net\.dat: SHA-256 .*expected 00ff.*; replace the file"):
        checked_weights(path, Weights("net.dat", "00ff"))
    assert checked_weights(path, Weights("net.dat", sha256_of(path))) == path


def test_a_package_that_is_not_installed_is_one_line():
    with pytest.raises(AnalysisError, match="package nowhere_models is not installed"):
        installed_weights(Weights("a.dat", "00"), package="nowhere_models")
