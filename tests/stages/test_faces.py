from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from stages import faces, frames
from tests.stages.conftest import NOBODY, make_in_shares, settings_of, write_stills
from understudy.errors import TableError
from understudy.tables import FACES, FRAMES, matrix, metadata_of, read_table, table_of_rows, write_table


@pytest.fixture(scope="module")
def found(duo):
    return read_table(duo.faces / "duo.parquet", FACES)


def test_both_faces_of_a_frame_are_found_from_left_to_right(found):
    seen = [row for row in found.to_pylist() if row["frame"] == 0]
    middles = [(row["box_xyxy"][0] + row["box_xyxy"][2]) / 2 for row in seen]
    assert [row["face"] for row in seen] == [0, 1]
    assert middles[0] < 288 < middles[1]


def test_a_frame_without_a_face_is_a_row_that_says_so(found):
    for frame in NOBODY:
        (row,) = [row for row in found.to_pylist() if row["frame"] == frame]
        assert (row["face"], row["track"], row["search"], row["reason"]) == (-1, -1, None, "no face found")
        assert np.isnan(row["box_xyxy"]).all()
        assert np.isnan(row["score"])


def test_a_frame_that_was_left_out_is_not_searched_and_keeps_its_reason(duo, tmp_path):
    clip = read_table(duo.frames / "duo.parquet", FRAMES)
    rows = clip.to_pylist()[:3]
    rows[1] |= {"reason": "frame cannot be decoded", "pixels_sha256": None}
    write_table(tmp_path / "frames.parquet", table_of_rows(FRAMES, rows, metadata_of(clip)), FRAMES)
    faces.main(frames=tmp_path / "frames.parquet", faces=tmp_path / "faces.parquet", settings=settings_of(faces))
    found = read_table(tmp_path / "faces.parquet", FACES).to_pylist()
    assert [(row["frame"], row["reason"]) for row in found if row["reason"]] == [(1, "frame cannot be decoded")]
    assert sum(row["face"] >= 0 for row in found) == 4


def test_every_frame_has_a_row(found):
    assert sorted(set(found.column("frame").to_pylist())) == list(range(18))


def test_the_metadata_say_how_faces_were_found(found):
    facts = metadata_of(found)
    assert facts["backend"] == "dlib_hog"
    assert facts["settings.faces"] == settings_of(faces).model_dump_json()


def test_two_runs_give_equal_bytes(duo, tmp_path):
    faces.main(frames=duo.frames / "duo.parquet", faces=tmp_path / "again.parquet", settings=settings_of(faces))
    assert (tmp_path / "again.parquet").read_bytes() == (duo.faces / "duo.parquet").read_bytes()


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_pieces_and_shares_give_the_bytes_of_one_go(duo, elsewhere, number):
    settings = settings_of(faces, search_every_frames=3)
    make = partial(faces.main, frames=duo.frames / "duo.parquet", settings=settings)
    make(faces=elsewhere / "whole.parquet")
    made = elsewhere / "shared.parquet"
    assert make_in_shares(partial(make, faces=made), made, size=4, number=number) == Path("whole.parquet").read_bytes()


def test_a_piece_begins_with_a_whole_search(duo):
    clip = read_table(duo.frames / "duo.parquet", FRAMES)
    stretches = faces.cut_at_searches(clip, every_frames=5)
    scenes = clip.column("scene").to_pylist()
    for before, after in pairwise(stretches):
        assert after[0] - before[0] == 5 or scenes[after[0]] != scenes[before[0]]
    parts = faces.join_stretches(stretches, size=7)
    assert len(parts) > 1
    assert {part[0] for part in parts} <= {stretch[0] for stretch in stretches}
    assert [frame for part in parts for frame in part] == list(range(18))


def test_a_clip_in_which_nobody_is_seen_is_rows_of_reasons(tmp_path):
    write_stills(tmp_path / "wall", [np.full((90, 120, 3), grey, np.uint8) for grey in (60, 120)])
    frames.main(footage=tmp_path / "wall", frames=tmp_path / "frames.parquet", settings=settings_of(frames))
    faces.main(frames=tmp_path / "frames.parquet", faces=tmp_path / "faces.parquet", settings=settings_of(faces))
    table = read_table(tmp_path / "faces.parquet", FACES)
    assert table.column("reason").to_pylist() == ["no face found"] * 2
    assert matrix(table, "box_xyxy").shape == (2, 4)


def test_a_corrupt_table_is_one_line_that_names_it(duo, tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes((duo.frames / "duo.parquet").read_bytes()[:-40])
    with pytest.raises(TableError, match=r"broken\.parquet: not a readable Parquet file; delete it and run again"):
        faces.main(frames=broken, faces=tmp_path / "faces.parquet", settings=settings_of(faces))
    assert not (tmp_path / "faces.parquet").exists()
