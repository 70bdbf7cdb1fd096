import numpy as np
import pytest

from tests.media.drawn_clips import draw_picture, draw_pictures
from understudy.media.scenes import SceneDetector


def scenes_of(pictures):
    detector = SceneDetector(0.4)
    for picture in pictures:
        detector.add(picture)
    return detector.scenes()


def starts_of(pictures):
    scenes = scenes_of(pictures)
    assert scenes[0] == 0
    return [index for index in range(1, len(scenes)) if scenes[index] != scenes[index - 1]]


def large(number, **options):
    return draw_pictures(number, width=160, height=96, **options)


def face(offset_px, *, seed=0, width=320, height=180):
    """A figure on a still background, moved sideways."""
    picture = draw_picture(0, width=width, height=height, seed=seed) // 2
    figure = draw_picture(3, width=60, height=100, seed=9)
    left = 20 + offset_px
    picture[60:160, left : left + 60] = figure
    return picture


def shuffled(picture, order):
    """The same 16 px tiles in another order."""
    tiles = picture.reshape(6, 16, 10, 16, 3).transpose(0, 2, 1, 3, 4).reshape(60, 16, 16, 3)[order]
    return tiles.reshape(6, 10, 16, 16, 3).transpose(0, 2, 1, 3, 4).reshape(96, 160, 3)


def test_a_cut_begins_a_new_scene():
    assert starts_of(large(20, seed=1) + large(15, seed=2) + large(5, seed=3)) == [20, 35]


def test_a_cut_near_either_end_is_found():
    assert starts_of(large(2, seed=1) + large(20, seed=2) + large(2, seed=3)) == [2, 22]


def test_a_cut_to_the_same_colours_is_found():
    pictures = large(12, seed=1)
    order = np.random.default_rng(0).permutation(60)
    assert starts_of(pictures + [shuffled(picture, order) for picture in pictures]) == [12]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length):
    pictures = large(30, seed=1)
    for index in range(12, 12 + length):
        pictures[index] = np.minimum(pictures[index].astype(int) + 180, 255).astype(np.uint8)
    assert starts_of(pictures) == []


def test_a_single_black_frame_is_no_cut():
    pictures = large(30, seed=1)
    pictures[9] = np.zeros_like(pictures[9])
    assert starts_of(pictures) == []


def test_fast_movement_is_no_cut():
    wide = draw_picture(0, width=900, height=96, seed=4)
    assert starts_of([wide[:, 20 * index : 20 * index + 160] for index in range(30)]) == []
    assert starts_of([face(int(110 * (1 + np.sin(index)))) for index in range(40)]) == []


def test_a_fade_is_no_row_of_cuts():
    picture = large(1, seed=1)[0]
    assert starts_of([(picture * share).astype(np.uint8) for share in np.linspace(1, 0.02, 30)]) == []


def test_noise_is_no_cut():
    generator = np.random.default_rng(0)
    pictures = [np.clip(p + generator.normal(0, 20, p.shape), 0, 255).astype(np.uint8) for p in large(20, seed=1)]
    assert starts_of(pictures) == []


def test_another_size_begins_a_new_scene():
    assert starts_of([*large(3), *draw_pictures(3, width=96, height=160)]) == [3]


def test_scenes_do_not_depend_on_when_they_are_asked_for():
    pictures = large(20, seed=1) + large(20, seed=2)
    detector = SceneDetector(0.4)
    for picture in pictures:
        detector.add(picture)
    assert detector.scenes() == detector.scenes() == scenes_of(pictures)
