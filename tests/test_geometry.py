import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.geometry import (
    CROP_COVERAGE,
    CROP_RESOLUTION_PX,
    MEAN_51,
    MEAN_CENTRE,
    apply_affine,
    compose_affine,
    estimate_pose,
    eye_distance,
    eye_opening,
    fit_crop,
    fit_similarity,
    fit_thin_plate,
    head_template,
    invert_affine,
    mouth_opening,
    resize_crop,
    scale_of,
    warp_points,
)

RIGID = [27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45, 8]
angles = st.floats(-180, 180)
lengths = st.floats(-500, 500)


def similarity(scale, angle_deg, x, y):
    cosine, sine = scale * np.cos(np.radians(angle_deg)), scale * np.sin(np.radians(angle_deg))
    return np.array([[cosine, -sine, x], [sine, cosine, y]])


def points_68(seed=0):
    return np.random.default_rng(seed).uniform(0, 400, (68, 2))


@given(st.floats(0.05, 20), angles, lengths, lengths)
def test_a_similarity_is_recovered_from_points_it_moved(scale, angle, x, y):
    wanted = similarity(scale, angle, x, y)
    found = fit_similarity(points_68(), apply_affine(wanted, points_68()))
    assert np.allclose(found, wanted, atol=1e-6 * (1 + scale))
    assert scale_of(found) == pytest.approx(scale)


def test_a_mirror_image_is_fitted_without_mirroring():
    points = points_68()
    found = fit_similarity(points, points * [-1, 1])
    assert np.linalg.det(found[:, :2]) > 0


@given(st.floats(0.1, 10), angles, lengths, lengths)
def test_a_transform_and_its_inverse_return_the_points(scale, angle, x, y):
    there = similarity(scale, angle, x, y)
    points = points_68()
    assert np.allclose(apply_affine(invert_affine(there), apply_affine(there, points)), points)
    assert np.allclose(compose_affine(invert_affine(there), there), np.eye(2, 3), atol=1e-6)


def test_composing_applies_the_second_after_the_first():
    first, second = similarity(2, 30, 5, -7), similarity(0.5, -80, 1, 2)
    points = points_68()
    together = apply_affine(compose_affine(second, first), points)
    assert np.allclose(together, apply_affine(second, apply_affine(first, points)))


def mean_face(transform):
    return apply_affine(transform, np.vstack([np.zeros((17, 2)), MEAN_51]))


@given(st.floats(20, 800), angles, lengths, lengths)
def test_any_face_comes_upright_into_the_same_place_of_the_crop(side, angle, x, y):
    face = mean_face(similarity(side, angle, x, y))
    cropped = apply_affine(fit_crop(face), face)[17:]
    wanted = ((MEAN_51 - MEAN_CENTRE) / CROP_COVERAGE + 0.5) * CROP_RESOLUTION_PX - 0.5
    assert np.allclose(cropped, wanted, atol=1e-4)


def test_the_middle_of_the_mean_face_lies_in_the_middle_of_the_crop():
    crop = fit_crop(mean_face(similarity(100, 0, 50, 60)))
    middle = apply_affine(crop, np.array([50, 60]) + 100 * MEAN_CENTRE)
    assert np.allclose(middle, (CROP_RESOLUTION_PX - 1) / 2)


def test_the_jaw_does_not_move_the_crop():
    face = points_68()
    moved = face.copy()
    moved[:17] += 30
    assert np.array_equal(fit_crop(face), fit_crop(moved))


def test_a_crop_of_another_resolution_and_coverage_is_what_would_have_been_fitted():
    face = points_68()
    direct = fit_crop(face, resolution_px=96, coverage=1.6)
    changed = resize_crop(
        fit_crop(face, resolution_px=256, coverage=2.0),
        resolution_px=96,
        coverage=1.6,
        from_resolution_px=256,
        from_coverage=2.0,
    )
    assert np.allclose(direct, changed)


def rotated_template(yaw, pitch, roll):
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    points = np.zeros((68, 2))
    points[RIGID] = (120 * head_template() @ (tilt @ nod @ turn).T)[:, :2] + 300
    return points


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-60, 60))
def test_pose_is_recovered_from_the_rotated_template(yaw, pitch, roll):
    found = estimate_pose(rotated_template(yaw, pitch, roll))
    assert np.allclose(found[:3], (yaw, pitch, roll), atol=1e-3)
    assert found.scale == pytest.approx(120, rel=1e-3)


def test_signs_of_pose_are_those_of_the_picture():
    right, up, clockwise = rotated_template(20, 0, 0), rotated_template(0, 20, 0), rotated_template(0, 0, 20)
    between_eyes = [(face[36] + face[45]) / 2 for face in (right, up, clockwise)]
    assert right[30, 0] > between_eyes[0][0]
    assert up[30, 1] < rotated_template(0, 0, 0)[30, 1]
    assert clockwise[45, 1] > clockwise[36, 1]
    assert [estimate_pose(right).yaw_deg > 0, estimate_pose(up).pitch_deg > 0] == [True, True]
    assert estimate_pose(clockwise).roll_deg > 0


@given(st.floats(0.1, 10), angles)
def test_openings_do_not_depend_on_size_and_tilt(scale, angle):
    face = points_68(3)
    moved = apply_affine(similarity(scale, angle, 7, 9), face)
    assert mouth_opening(moved) == pytest.approx(mouth_opening(face))
    assert eye_opening(moved) == pytest.approx(eye_opening(face))
    assert eye_distance(moved) == pytest.approx(scale * eye_distance(face))


def test_an_open_mouth_opens_by_its_gap():
    face = points_68()
    face[36], face[45], face[62], face[66] = (0, 0), (100, 0), (50, 80), (50, 105)
    assert mouth_opening(face) == pytest.approx(0.25)


def test_a_thin_plate_meets_its_control_points_and_moves_planes_rigidly():
    origin, target = points_68(1)[:20], points_68(2)[:20]
    assert np.allclose(warp_points(fit_thin_plate(origin, target), origin), target, atol=1e-6)
    shift = similarity(1.3, 25, 4, -6)
    spline = fit_thin_plate(origin, apply_affine(shift, origin), stiffness=50.0)
    assert np.allclose(warp_points(spline, points_68(5)), apply_affine(shift, points_68(5)), atol=1e-6)


def test_stiffness_smooths_a_thin_plate():
    origin = points_68(1)[:20]
    target = origin + np.random.default_rng(0).normal(0, 5, origin.shape)
    gaps = [
        np.abs(warp_points(fit_thin_plate(origin, target, stiffness=stiffness), origin) - target).mean()
        for stiffness in (0.0, 1e3, 1e6)
    ]
    assert gaps[0] < 1e-6 < gaps[1] < gaps[2]
