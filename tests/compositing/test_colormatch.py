import numpy as np
import pytest

from tests.compositing.drawn_face import SKIN, draw_face, face_points, look, paint
from understudy.color import linear_from_coded, luminance
from understudy.compositing.blend import composite_face
from understudy.compositing.colormatch import GRID, SkinRatio, match_color, measure_ratio
from understudy.compositing.faces import Region
from understudy.compositing.measured import measure_face
from understudy.compositing.skin import hull_mask, skin_mask

POINTS = face_points(centre=(130, 120), side=110)
EXTENT = (260, 260)
SHAPE = (260, 260)
WHOLE = Region(0, 0, 260, 260)
INNER_SKIN = skin_mask(POINTS, shape=SHAPE)
PALE = (225, 190, 180)


def draw(**options):
    return draw_face(POINTS, extent=EXTENT, **options)


def composite(frame, painted, **settings):
    settings = look(**settings)
    return composite_face(frame, painted, measure_face(frame, painted, settings=settings), settings=settings, clip="c")


def shaded(image, *, across):
    """`image` under a light that changes by the factor `across` from its left to its right side."""
    fall = np.linspace(1, across, image.shape[1])[None, :, None]
    return np.clip(np.rint(image * fall ** (1 / 2.4)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("light", [0, 1])
def test_the_means_of_both_skins_come_together(light):
    frame = draw()
    result = composite(frame, paint(draw(skin=PALE), POINTS), light=light)
    assert result[INNER_SKIN].mean(0) == pytest.approx(SKIN, abs=1.5)


def test_eyes_and_lips_keep_the_share_that_is_theirs():
    frame, painted = draw(), paint(draw(skin=PALE), POINTS, resolution=256)
    eye = hull_mask(POINTS[36:42] * 0.6 + POINTS[36:42].mean(0) * 0.4, shape=SHAPE) > 254
    kept, tinted = (composite(frame, painted, eyes=share)[eye].astype(float).mean() for share in (0, 1))
    own = draw(skin=PALE)[eye].astype(float).mean()
    assert kept == pytest.approx(own, abs=3)
    assert tinted < own - 15


def test_a_beard_does_not_darken_the_painted_skin():
    bearded = draw()
    beard = hull_mask(np.vstack([POINTS[4:13], POINTS[[48, 54, 57]]]), shape=SHAPE) > 0
    bearded[beard & INNER_SKIN] = (70, 50, 40)
    cheek = INNER_SKIN & ~beard
    result = composite(bearded, paint(draw(skin=PALE), POINTS), light=0)
    assert result[cheek].mean(0) == pytest.approx(SKIN, abs=4)


def test_the_targets_light_falls_on_the_painted_face():
    frame = shaded(draw(), across=0.4)
    painted = paint(draw(skin=PALE), POINTS)

    def slope(image):
        brightness = np.log(luminance(linear_from_coded(image)) + 1e-3)
        columns = np.nonzero(INNER_SKIN)[1]
        return np.polyfit(columns, brightness[INNER_SKIN], 1)[0]

    flat, lit = (slope(composite(frame, painted, light=light)) for light in (0, 1))
    assert abs(flat) < 0.2 * abs(slope(frame))
    assert lit == pytest.approx(slope(frame), rel=0.25)


def test_equal_skins_have_ratio_one():
    frame = draw()
    ratio = measure_ratio(frame, paint(frame, POINTS, resolution=256), softness=0.15)
    assert np.abs(ratio.color).max() < 0.01
    assert np.abs(ratio.light).max() < 0.02


def test_without_skin_in_view_nothing_is_changed():
    frame = draw()
    nowhere = paint(frame, POINTS, alpha=np.zeros((128, 128), np.uint8))
    ratio = measure_ratio(frame, nowhere, softness=0.15)
    assert not ratio.color.any()
    assert not ratio.light.any()


def test_the_ratio_multiplies_linear_light():
    face = np.full((260, 260, 3), 0.2, np.float32)
    ratio = SkinRatio(np.log(np.float32([2, 1, 0.5])), np.zeros((GRID, GRID), np.float32))
    lit = match_color(face, ratio, points=POINTS, painted_points=POINTS, region=WHOLE, light=1, eyes=1, lips=1)
    assert lit[120, 130] == pytest.approx([0.4, 0.2, 0.1], rel=1e-4)
