import cv2
import numpy as np
import pytest

from tests.models.cartoons import cartoon_faces, cartoon_points, draw_cartoon
from understudy.driven.actor import drive, know_person
from understudy.driven.readings import find_range, gaze_of, iris_offsets, read_faces
from understudy.driven.shapes import find_way, fit_shape, make_template, place, pose_of, retarget
from understudy.driven.steady import crop_points, frame_points, steady_points
from understudy.facesets import cut_face
from understudy.geometry import mouth_opening


@pytest.fixture(scope="module")
def people():
    faces = {name: cartoon_faces(name, number=48) for name in ("ada", "bo")}
    points = {name: crop_points(each, steady_points(each)) for name, each in faces.items()}
    template = make_template(np.concatenate(list(points.values())))
    return faces, {name: know_person(each, template) for name, each in faces.items()}


def test_rebuilding_the_same_person_leaves_the_points_where_they_are(people):
    faces, known = people
    points = crop_points(faces["bo"], steady_points(faces["bo"]))
    for sized_by in ("face", "eyes"):
        way = find_way(known["bo"].shape, known["bo"].shape, sized_by=sized_by)
        for face in points:
            moved = retarget(face, *[known["bo"].shape] * 2, way=way, lips=0.1, mouth=0.1, eyes=0.8)
            assert np.abs(moved - face).max() < 1e-6
        driven = drive(faces["bo"], known["bo"], known["bo"], sized_by=sized_by)
        assert np.abs(driven.points_N702[:, 17:48] - points[:, 17:48]).max() < 1.5


def test_retargeted_points_have_the_sources_proportions(people):
    """Bo's cartoon is 1.22 times as wide as Ada's, relative to its height."""
    faces, known = people
    driven = drive(faces["bo"], known["ada"], known["bo"], sized_by="face")

    def proportions(points):
        mouth_wide = np.linalg.norm(points[:, 54] - points[:, 48], axis=-1)
        return np.median(mouth_wide / np.linalg.norm(points[:, 27] - points[:, 33], axis=-1))

    ada, bo = (proportions(each.points_N2.astype(float)) for each in (faces["ada"], faces["bo"]))
    found = proportions(driven.points_N702)
    assert abs(found - ada) < 0.25 * abs(bo - ada)


def test_the_mouth_follows_the_performance(people):
    faces, known = people
    driven = drive(faces["bo"], known["ada"], known["bo"], sized_by="face")
    performed = mouth_opening(faces["bo"].points_N2)
    assert np.corrcoef(mouth_opening(driven.points_N702[:, :68]), performed)[0, 1] > 0.99
    assert np.corrcoef(driven.mouth_N, performed)[0, 1] > 0.99


def test_a_placed_shape_tells_the_turn_it_was_given():
    generator = np.random.default_rng(4)
    still = np.column_stack([generator.normal(size=(68, 2)), generator.normal(size=68) * 0.3])
    turn = np.radians(20)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0]])
    placing = place(50 * still @ rotation.T + [120, 90], still)
    assert placing.scale == pytest.approx(50)
    assert abs(pose_of(placing).yaw_deg) == pytest.approx(20, abs=1e-6)


def test_a_shape_model_explains_what_it_was_fitted_to(people):
    faces, _ = people
    points = crop_points(faces["ada"], frame_points(faces["ada"]))
    openings = mouth_opening(points)
    shape = fit_shape(points, make_template(points), mouth_N=openings, eyes_N=np.ones(len(points)))
    jaw_drop = shape.mouth_change[57, 1] - shape.mouth_change[51, 1]
    assert jaw_drop == pytest.approx(1, abs=0.3)


def test_the_way_to_oneself_is_no_way(people):
    _, known = people
    way = find_way(known["ada"].shape, known["ada"].shape, sized_by="eyes")
    assert way.scale == pytest.approx(1)
    assert np.allclose(way.rotation_33, np.eye(3))
    assert np.allclose(way.shift, 0)


def test_retargeting_moves_points_along_with_the_picture(people):
    faces, known = people
    points = crop_points(faces["bo"], frame_points(faces["bo"]))[5]
    way = find_way(known["ada"].shape, known["bo"].shape, sized_by="face")

    def moved(face):
        return retarget(face, known["ada"].shape, known["bo"].shape, way=way, lips=0.1, mouth=0.1, eyes=1.0)

    assert np.allclose(moved(points * 2 + 30), moved(points) * 2 + 30)


def test_gaze_is_where_the_irises_are_between_the_corners_of_the_eyes(people):
    faces, known = people
    points = crop_points(faces["ada"], steady_points(faces["ada"]))
    reading = read_faces(faces["ada"].pixels_NHWC, points, known["ada"].shape.still)
    gaze = gaze_of(reading, known["ada"].range)
    looked = 0.15 * np.sin(1.3 * np.arange(48) / 6)
    seen = np.clip(1.2 * np.cos(0.7 * np.arange(48) / 6) ** 2, 0.1, 1) > 0.7
    assert np.corrcoef(gaze[seen, 0], looked[seen])[0, 1] > 0.9
    assert np.allclose(iris_offsets(gaze, known["ada"].range), reading.iris_N2)


def test_points_are_steadied_by_neighbours_only():
    faces = cartoon_faces("ada", number=12)
    raw = frame_points(faces)
    steady = steady_points(faces)
    assert np.allclose(steady[5], (raw[4] + 2 * raw[5] + raw[6]) / 4)
    assert np.allclose(steady[0], (2 * raw[0] + raw[1]) / 3)
    apart = steady_points(faces.select([0, 4, 8]))
    assert np.allclose(apart, raw[[0, 4, 8]])


def test_eyes_that_stay_on_one_spot_while_the_head_turns_are_read_as_looking_aside():
    """A gaze that goes with the turn is gaze nevertheless."""
    turns = np.linspace(-20, 20, 15)
    cuts = []
    for turn in turns:
        points = cartoon_points("ada", yaw_deg=turn, mouth=0.1, lids=1.0)
        cuts.append(cut_face(draw_cartoon("ada", points, gaze=-turn / 100), points))
    pixels, points = (np.stack([getattr(cut, name) for cut in cuts]) for name in ("pixels", "points"))
    reading = read_faces(pixels, points, make_template(points))
    gaze = gaze_of(reading, find_range(reading))[:, 0]
    assert np.polyfit(-turns / 100, gaze, 1)[0] > 0.7


def test_teeth_in_warm_light_are_the_mouths_inside_and_lips_are_not():
    points = cartoon_points("ada", yaw_deg=0, mouth=0.3, lids=1.0)
    for inside, is_open in (((150, 116, 80), True), ((150, 70, 60), False)):  # teeth and lips on skin of (170, 110, 75)
        picture = np.full((200, 200, 3), (170, 110, 75), np.uint8)
        cv2.fillPoly(picture, [np.round(points[48:60]).astype(np.int32)], (150, 70, 60))
        cv2.fillPoly(picture, [np.round(points[60:68]).astype(np.int32)], inside)
        cut = cut_face(picture, points)
        reading = read_faces(cut.pixels[None], cut.points[None].astype(float), make_template(cut.points[None]))
        assert (reading.mouth_N[0] > 0.15) == is_open
