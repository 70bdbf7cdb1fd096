import cv2
import numpy as np

from tests.compositing.drawn_face import BACKGROUND, draw_face, face_points, paint
from understudy.compositing.faces import Region
from understudy.compositing.matte import paste_matte
from understudy.compositing.silhouette import snap_to_picture
from understudy.compositing.skin import hull_mask
from understudy.geometry import LEFT_BROW, LEFT_EYE, OUTER_MOUTH, RIGHT_BROW, RIGHT_EYE
from understudy.masks import extended_points

SIDE = 110
POINTS = face_points(centre=(130, 120), side=SIDE)
WHOLE = Region(0, 0, 260, 260)
FRAME = draw_face(POINTS, extent=(260, 260))


def matte_of(painted, *, frame=FRAME, points=POINTS, reach=0.05, erode=0.03, feather=0.03):
    coded = frame.astype(np.float32) / 255
    return paste_matte(
        coded, painted, points=points, region=WHOLE, side_px=SIDE, reach=reach, erode=erode, feather=feather
    )


def test_brows_eyes_and_mouth_are_covered_even_where_the_model_paints_a_small_face():
    small = np.zeros((128, 128), np.uint8)
    cv2.circle(small, (64, 70), 15, 255, -1)
    matte = matte_of(paint(FRAME, POINTS, alpha=small))
    for feature in (LEFT_EYE, RIGHT_EYE, OUTER_MOUTH, LEFT_BROW, RIGHT_BROW):
        assert matte[hull_mask(POINTS[list(feature)], shape=matte.shape) > 254].min() > 0.85


def test_nothing_is_painted_beyond_the_targets_own_outline():
    everywhere = np.full((128, 128), 255, np.uint8)
    matte = matte_of(paint(FRAME, POINTS, alpha=everywhere))
    own = hull_mask(extended_points(POINTS, brow_margin=0.6), shape=matte.shape)
    assert matte[cv2.dilate(own, np.ones((9, 9))) == 0].max() == 0
    assert matte.max() > 0.99


def test_paint_ends_at_the_cheek_that_is_seen_when_landmarks_lie_off_it():
    """Landmarks 8 pixels (.07 face sides) to the right of the face that is shown."""
    shown = draw_face(POINTS - [8, 0], extent=(260, 260))
    everywhere = np.full((128, 128), 255, np.uint8)
    matte = matte_of(paint(shown, POINTS, alpha=everywhere), frame=shown)
    beside = np.zeros(matte.shape, bool)
    beside[110:150] = (shown[110:150] == BACKGROUND).all(-1)
    assert matte[beside].max() < 0.35
    assert matte[beside].mean() < 0.02


def test_without_alpha_there_is_no_matte():
    assert not matte_of(paint(FRAME, POINTS, alpha=np.zeros((128, 128), np.uint8))).any()


def test_more_erosion_covers_less_and_more_feather_is_softer():
    painted = paint(FRAME, POINTS)
    assert matte_of(painted, erode=0.08).sum() < matte_of(painted, erode=0).sum()
    steepest = [
        np.abs(np.diff(matte_of(painted, reach=0, feather=feather)[60:70], axis=0)).max() for feather in (0.01, 0.06)
    ]
    assert steepest[0] > 2 * steepest[1]


def test_a_mask_that_fits_the_picture_stays_and_one_that_does_not_is_drawn_in():
    picture = np.zeros((120, 160, 3), np.float32)
    picture[:, :80] = (0.7, 0.5, 0.4)
    picture[:, 80:] = (0.2, 0.4, 0.5)
    fitting, wide = np.zeros((120, 160), np.float32), np.zeros((120, 160), np.float32)
    fitting[:, :80] = 1
    wide[:, :88] = 1
    for mask, left_over in ((fitting, 0.01), (wide, 0.2)):
        snapped = snap_to_picture(mask, picture, side_px=100)
        assert snapped[:, :78].min() > 0.95
        assert snapped[:, 82:].max() < left_over


def test_the_filter_gives_about_the_same_at_four_times_the_resolution():
    mask = hull_mask(POINTS, shape=(260, 260)).astype(np.float32) / 255
    coded = FRAME.astype(np.float32) / 255
    near = snap_to_picture(mask, coded, side_px=SIDE)
    big = [cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR) for image in (mask, coded)]
    far = snap_to_picture(*big, side_px=4 * SIDE)
    again = cv2.resize(far, (260, 260), interpolation=cv2.INTER_AREA)
    assert np.abs(again - near).mean() < 0.02
