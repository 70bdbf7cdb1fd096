import numpy as np
import pyarrow as pa
import pytest

from understudy.scoring.painting import (
    held_out_frames,
    painted_faces,
    painted_share,
    reason_code,
    rows_of,
    training_keys,
)


@pytest.fixture
def swaps():
    return pa.table(
        {
            "clip": ["bo"] * 5,
            "frame": [0, 0, 1, 2, 3],
            "face": [0, 1, 0, 0, -1],
            "reason": ["another person: cy", None, None, "yaw 71 above 60", "no face found"],
        }
    )


def recognised():
    """Bo in frames 0-2 of his own clip, and in another."""
    return pa.table({"clip": ["bo"] * 3 + ["ada"], "frame": [0, 1, 2, 9], "face": [1, 0, 0, 0], "person": ["bo"] * 4})


def landmarks(*rows):
    """One track of (frame, reason); in frame 0 it is the second face."""
    frames, reasons = zip(*rows, strict=True)
    number = len(rows)
    faces = [1 if frame == 0 else 0 for frame in frames]
    points = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(136 * number, np.float32)), 136)
    return pa.table(
        {
            "frame": frames,
            "face": faces,
            "track": [0] * number,
            "points": points,
            "reason": pa.array(reasons, pa.string()),
        }
    )


def test_what_was_painted_is_counted_against_where_the_target_was_seen(swaps):
    found = painted_share(swaps, recognised(), landmarks((0, None), (1, None), (2, None)), target="bo")
    assert (found["clip_frames"], found["target_frames"], found["painted_frames"]) == (4, 3, 2)
    assert found["share"] == pytest.approx(2 / 3)
    assert found["left_out"] == {"another person": 1, "yaw above": 1, "no face found": 1}


def test_a_rejected_face_on_the_targets_track_was_seen_too(swaps):
    fits = landmarks((0, None), (1, None), (2, None), (7, "spread 0.03 above 0.02"))
    assert painted_share(swaps, recognised(), fits, target="bo")["target_frames"] == 4


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("spread 0.034 above 0.02", "spread above"),
        ("no face found", "no face found"),
        ("another person: cy", "another person"),
        ("near duplicate of frame 12", "near duplicate of frame"),
    ],
)
def test_reasons_are_counted_without_their_details(reason, code):
    assert reason_code(reason) == code


def test_faces_are_found_again_in_other_tables(swaps):
    faces = painted_faces(swaps)
    assert faces == {0: 1, 1: 0}
    assert rows_of(swaps, faces).tolist() == [1, 2]


def test_held_out_and_learnt_faces_are_those_of_the_splits():
    crops = pa.table(
        {
            "clip": ["ada", "bo", "bo", "bo"],
            "frame": [5, 5, 6, 7],
            "face": [0, 0, 0, 0],
            "split": ["test", "test", "train", None],
        }
    )
    assert held_out_frames(crops, clip="bo") == {5}
    assert training_keys(crops) == {("bo", 6, 0)}
    assert np.size(rows_of(crops, {})) == 0
