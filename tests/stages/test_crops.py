import numpy as np
import pytest

from tests.stages.conftest import curate, gather
from understudy.errors import SettingsError, TableError
from understudy.facesets import cut_face, read_face_set
from understudy.images import decode_png
from understudy.media.reader import read_frames
from understudy.tables import CROPS, points_of, read_table


@pytest.fixture(scope="module")
def ada(duo):
    return curate(duo, "ada")


def rows_of(path):
    return read_table(path, CROPS).to_pylist()


def test_a_face_set_holds_only_that_persons_faces(duo, ada):
    rows = rows_of(ada)
    assert {row["face"] for row in rows} == {0}
    faces = read_face_set(ada, "ada")
    assert len(faces) == sum(row["reason"] is None for row in rows) >= 12
    assert faces.pixels_NHWC.shape[1:] == (256, 256, 3)
    assert faces.mask_NHW.max(axis=(1, 2)).min() == 255


def test_pixels_are_those_of_the_frame_without_loss(duo, ada):
    row = next(row for row in rows_of(ada) if row["pixels"])
    ((_, image),) = read_frames(duo.frames / "duo.parquet", indices=[row["frame"]])
    cut = cut_face(image, np.array(row["points"], np.float32).reshape(68, 2))
    assert np.array_equal(decode_png(row["pixels"]), cut.pixels)
    assert np.array_equal(decode_png(row["mask"]), cut.mask)


def test_crops_of_any_side_show_the_same_place(duo):
    table = curate(duo, "ada", resolution_px=384)
    large, small = read_face_set(table, "ada"), read_face_set(curate(duo, "ada"), "ada")
    assert large.pixels_NHWC.shape[1:] == (384, 384, 3)
    assert large.mask_NHW.shape[1:] == (384, 384)
    assert np.abs((large.points_N2 + 0.5) / 1.5 - (small.points_N2 + 0.5)).max() < 1e-3
    row = next(row for row in rows_of(table) if row["pixels"])
    ((_, image),) = read_frames(duo.frames / "duo.parquet", indices=[row["frame"]])
    cut = cut_face(image, np.array(row["points"], np.float32).reshape(68, 2), resolution_px=384)
    assert np.array_equal(decode_png(row["pixels"]), cut.pixels)
    assert np.abs(np.reshape(row["crop_from_frame"], (2, 3)) - cut.crop_from_frame).max() < 1e-3


def test_all_splits_are_there_and_neighbours_never_sit_on_both_sides(duo):
    path = curate(duo, "ada", block_frames=3, gap_frames=1)
    kept = [(row["frame"], row["split"]) for row in rows_of(path) if row["split"]]
    assert {split for _, split in kept} == {"train", "validation", "test"}
    for frame, split in kept:
        assert all(abs(frame - other) > 1 for other, theirs in kept if theirs != split)
    assert "gap between splits" in {row["reason"] for row in rows_of(path)}


def test_left_out_faces_keep_their_reason_and_no_pixels(duo):
    rows = rows_of(curate(duo, "ada", max_yaw_deg=4))
    left_out = [row for row in rows if row["reason"]]
    assert left_out
    assert all(row["split"] is row["pixels"] is row["mask"] is None for row in left_out)
    beyond = [row for row in left_out if row["reason"].startswith("yaw")]
    assert beyond
    assert all(abs(row["yaw_deg"]) > 4 for row in beyond)


def test_near_duplicates_are_left_out_of_training_alone(duo):
    rows = rows_of(curate(duo, "ada", duplicate_points=0.5, duplicate_look=0.9))
    reasons = {row["frame"]: row["reason"] for row in rows}
    assert [row["split"] for row in rows if row["split"]].count("train") == 1
    assert any(str(reason).startswith("near duplicate of frame") for reason in reasons.values())
    assert {"validation", "test"} <= {row["split"] for row in rows}


def test_nobody_in_the_footage_is_an_empty_face_set(duo):
    assert len(read_face_set(curate(duo, "ada", min_eye_distance_px=900), "ada")) == 0


def test_a_person_without_any_face_is_a_table_without_rows(duo, tmp_path):
    changed = type(duo)(**vars(duo) | {name: tmp_path / name for name in ("clips", "identities", "crops")})
    gather(changed, clips=["duo"], people=["ada", "bo"], person_distance=0.001)
    path = curate(changed, "bo")
    assert rows_of(path) == []
    assert points_of(read_table(path, CROPS)).shape == (0, 68, 2)


def test_a_person_who_is_not_in_the_project_is_refused(duo):
    with pytest.raises(SettingsError, match="nobody named 'cleo'"):
        curate(duo, "cleo")


def test_a_missing_table_is_one_line_that_says_what_makes_it(duo, tmp_path):
    changed = type(duo)(**vars(duo) | {"landmarks": tmp_path})
    with pytest.raises(TableError, match="no such table; run the stage that makes it"):
        curate(changed, "ada")


def test_two_runs_give_equal_bytes(duo, ada):
    before = ada.read_bytes()
    assert curate(duo, "ada").read_bytes() == before
