from functools import partial

import numpy as np
import pytest

from stages import landmarks
from tests.stages.conftest import NOBODY, make_in_shares, settings_of
from understudy.geometry import apply_affine, eye_distance
from understudy.tables import (
    FACES,
    LANDMARKS,
    affines_of,
    is_kept,
    metadata_of,
    points_of,
    read_table,
    table_of_rows,
    write_table,
)


@pytest.fixture(scope="module")
def fits(duo):
    return read_table(duo.landmarks / "duo.parquet", LANDMARKS)


def test_every_face_is_fitted_and_drawn_faces_are_believed(fits):
    assert is_kept(fits).sum() >= 30
    assert np.nanmedian(fits.column("spread").to_numpy()) < 0.015


def test_frames_without_a_face_keep_their_reason(fits):
    rows = [row for row in fits.to_pylist() if row["frame"] in NOBODY]
    assert [row["reason"] for row in rows] == ["no face found"] * 2
    assert np.isnan(rows[0]["points"]).all()


def test_the_crop_puts_every_face_in_the_same_place(fits):
    kept = fits.filter(is_kept(fits))
    moved = [apply_affine(crop, face) for crop, face in zip(affines_of(kept), points_of(kept), strict=True)]
    eyes = np.array(moved)[:, 36:48].mean(1)
    assert np.abs(eyes - eyes.mean(0)).max() < 8
    assert np.allclose(eyes.mean(0), (128, 88), atol=8)


def test_what_is_no_face_is_rejected_by_its_spread(duo, tmp_path):
    faces = read_table(duo.faces / "duo.parquet", FACES)
    rows = [row | {"face": 0, "track": 9, "score": 0.5, "reason": None} for row in faces.to_pylist()[-2:]]
    for row, left in zip(rows, (30.0, 330.0), strict=True):
        row |= {"frame": NOBODY[0], "face": int(left > 288), "box_xyxy": [left, 60.0, left + 150, 210.0]}
    write_table(tmp_path / "faces.parquet", table_of_rows(FACES, rows, metadata_of(faces)), FACES)
    fit_again(duo, tmp_path / "landmarks.parquet", faces=tmp_path / "faces.parquet")
    found = read_table(tmp_path / "landmarks.parquet", LANDMARKS).to_pylist()
    assert [row["reason"].partition(" ")[0] for row in found] == ["spread", "spread"]
    assert all(np.isfinite(row["points"]).all() for row in found)


def test_low_scores_must_keep_the_narrower_gate(duo, fits, tmp_path):
    fit_again(duo, tmp_path / "strict.parquet", sure_score=3.0, max_spread_unsure=1e-4)
    strict = read_table(tmp_path / "strict.parquet", LANDMARKS)
    assert not is_kept(strict).any()
    assert strict.column("spread").to_pylist()[0] == fits.column("spread").to_pylist()[0]


def test_small_faces_are_left_out_with_their_size(duo, tmp_path):
    fit_again(duo, tmp_path / "large.parquet", min_eye_distance_px=500)
    reasons = read_table(tmp_path / "large.parquet", LANDMARKS).column("reason").to_pylist()
    assert any(reason.startswith("eye distance") and reason.endswith("px below 500") for reason in reasons)


def test_eye_distance_is_that_of_the_points(fits):
    kept = fits.filter(is_kept(fits))
    assert np.allclose(kept.column("eye_distance_px"), eye_distance(points_of(kept)), rtol=1e-4)


def test_two_runs_give_equal_bytes(duo, tmp_path):
    fit_again(duo, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (duo.landmarks / "duo.parquet").read_bytes()


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_pieces_and_shares_give_the_bytes_of_one_go(duo, elsewhere, number):
    made = elsewhere / "shared.parquet"
    shared = make_in_shares(partial(fit_again, duo, made), made, size=4, number=number)
    assert shared == (duo.landmarks / "duo.parquet").read_bytes()


def fit_again(duo, path, *, faces=None, pieces=landmarks.PIECES, **changes):
    landmarks.main(
        frames=duo.frames / "duo.parquet",
        faces=faces or duo.faces / "duo.parquet",
        landmarks=path,
        settings=settings_of(landmarks, **changes),
        pieces=pieces,
    )
