import numpy as np
import pytest

from tests.scoring.test_performance import face
from understudy.scoring.sheet import choose_moments, cut_tile, lay_out


def faces():
    shapes = np.array([face() for _ in range(10)])
    shapes[3, 48:] += (0, 9)
    shapes[7, 36:48] -= (0, 6)
    return shapes


def test_moments_show_what_differs_and_come_in_order_of_time():
    moments = choose_moments(np.arange(50, 60), faces(), number=3)
    assert moments.tolist() == sorted(moments.tolist())
    assert {53, 57} <= set(moments.tolist())


def test_no_moment_is_shown_twice_where_there_are_few():
    assert choose_moments(np.arange(2), faces()[:2], number=6).tolist() == [0, 1]


def test_a_moment_does_not_depend_on_where_the_face_is():
    moved = faces() * 2 + np.arange(10)[:, None, None] * 30
    assert (
        choose_moments(np.arange(10), moved, number=3).tolist()
        == choose_moments(np.arange(10), faces(), number=3).tolist()
    )


def test_a_tile_shows_the_face_in_its_middle():
    image = np.zeros((400, 400, 3), np.uint8)
    points = face((150, 150))
    middle = ((points.min(0) + points.max(0)) / 2).astype(int)
    image[middle[1] - 5 : middle[1] + 5, middle[0] - 5 : middle[0] + 5] = 255
    tile = cut_tile(image, points, tile_px=100)
    rows, columns = np.nonzero(tile[..., 0] > 128)
    assert columns.mean() == pytest.approx(49.5, abs=1.5)
    assert rows.mean() == pytest.approx(55, abs=3)


def test_rows_stand_under_each_other_with_their_labels():
    tiles = [np.full((100, 100, 3), shade, np.uint8) for shade in (60, 120)]
    picture = lay_out({"Bo performs": tiles, "True swap": tiles})
    assert picture.shape == (2 * (104 + 12), 2 * 104, 3)
    assert (picture[12 + 50, 50] == 60).all()
    assert (picture[12 + 50, 154] == 120).all()
    assert picture[:12].max() > 150, "a label is written"
