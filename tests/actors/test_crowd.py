"""Crowds: the same people for the same seed, others for another, nobody of the sample, faces cut by their truth."""

import numpy as np
import pytest

from understudy.actors.cast import DESIGNS
from understudy.actors.crowd import draw_crowd, drawn_by_lot, drawn_frames, members
from understudy.actors.hair import STYLES
from understudy.facesets import cut_face, read_face_set
from understudy.files import sha256_of


def silent(_line):
    pass


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("crowd") / "crowd.parquet"
    draw_crowd(path, members(2, seed=5)[-2:], num_frames=1, seed=5, num_processes=2, say=silent)
    return path


def test_a_seed_always_makes_the_same_person_and_another_seed_or_number_another():
    assert drawn_by_lot(1, 0) == drawn_by_lot(1, 0)
    everybody = [drawn_by_lot(seed, index) for seed in (1, 2) for index in range(4)]
    assert all(one != other for place, one in enumerate(everybody) for other in everybody[:place])
    assert len({design.seed for design in everybody}) == len(everybody)


def test_a_larger_crowd_begins_with_the_smaller_one():
    assert members(5, seed=1)[: 4 + 2] == members(2, seed=1)


def test_nobody_of_the_sample_project_is_in_a_crowd():
    crowd = members(6, seed=1)
    assert {member.name for member in crowd[:4]} == {"cleo", "dag", "emi", "finn"}
    for name in ("ada", "bo"):
        assert all(member.name != name and member.design.seed != DESIGNS[name].seed for member in crowd)


def test_people_of_chance_differ_in_all_that_can_be_chosen():
    everybody = [drawn_by_lot(3, index) for index in range(60)]
    assert {design.hair.style for design in everybody} == set(STYLES)
    assert {design.hair.beard > 0 for design in everybody} == {True, False}
    assert np.ptp([design.skin.melanin for design in everybody]) > 0.7
    shapes = np.array([list(design.shape.values()) for design in everybody])
    assert shapes.std(0).min() > 0.5
    assert np.abs(shapes).max() <= 1.8


def test_faces_are_the_cut_pictures_with_their_true_landmarks_and_whole_people_are_held_out(table):
    faces = read_face_set(table, "crowd")
    assert faces.clips == ("lot_000", "lot_001")
    assert faces.splits == ("train", "validation")
    picture = next(drawn_frames(members(2, seed=5)[-2], num_frames=1, seed=5))
    cut = cut_face(picture.image, picture.points)
    np.testing.assert_array_equal(faces.pixels_NHWC[0], cut.pixels)
    np.testing.assert_allclose(faces.points_N2[0], cut.points, atol=0.01)


def test_the_same_crowd_drawn_by_one_process_is_the_same_bytes(table, tmp_path):
    again = tmp_path / "crowd.parquet"
    draw_crowd(again, members(2, seed=5)[-2:], num_frames=1, seed=5, num_processes=1, say=silent)
    assert sha256_of(again) == sha256_of(table)
