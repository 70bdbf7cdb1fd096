from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.curation import (
    CurationSettings,
    hold_out,
    in_gap,
    look,
    near_duplicates,
    quality_problems,
    split_blocks,
)
from understudy.errors import SettingsError
from understudy.facesets import Cut
from understudy.params import parse_section
from understudy.tables import LANDMARKS, table_of_rows

VALUES = {
    "max_spread": 0.02,
    "min_eye_distance_px": 24,
    "max_yaw_deg": 60,
    "resolution_px": 256,
    "max_pitch_deg": 45,
    "min_sharpness": 0.2,
    "duplicate_points": 0.006,
    "duplicate_look": 0.01,
    "validation": 0.1,
    "test": 0.1,
    "block_frames": 10,
    "gap_frames": 2,
}


def settings(**changes):
    return CurationSettings.model_validate(VALUES | changes)


def split(frames, reasons=None, **changes):
    return hold_out(np.asarray(frames), reasons or [None] * len(frames), settings=settings(**changes))


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=300, unique=True), st.integers(0, 5), st.integers(6, 20))
def test_neighbours_never_sit_on_both_sides(frames, gap_frames, block_frames):
    frames = sorted(frames)
    splits, reasons = split(frames, gap_frames=gap_frames, block_frames=block_frames)
    kept = [(frame, name) for frame, name in zip(frames, splits, strict=True) if name]
    for (frame, name), (after, other) in pairwise(kept):
        assert name == other or after - frame > gap_frames
    assert all((name is None) == (reason == "gap between splits") for name, reason in zip(splits, reasons, strict=True))


def test_a_short_clip_gives_every_split_its_share():
    splits, reasons = split(range(225))
    assert [splits.count(name) for name in ("validation", "test")] == [21, 21]
    assert reasons.count("gap between splits") <= 16
    held_out = [frame for frame, name in enumerate(splits) if name in ("validation", "test")]
    assert held_out[0] < 60
    assert held_out[-1] > 165


def test_a_clip_with_fewer_than_five_blocks_is_for_training():
    assert set(split(range(44))[0]) == {"train"}


@pytest.mark.parametrize("num_blocks", [5, 10, 37, 400])
def test_held_out_blocks_have_their_shares_and_alternate(num_blocks):
    splits = split_blocks(num_blocks, validation=0.1, test=0.1)
    counts = [splits.count(name) for name in ("validation", "test")]
    assert counts == [max(1, round(num_blocks / 10))] * 2
    held_out = [name for name in splits if name != "train"]
    assert all(first != second for first, second in pairwise(held_out))


def test_nothing_is_held_out_when_nothing_is_asked_for():
    assert set(split(range(200), validation=0.0, test=0.0)[0]) == {"train"}


def test_faces_with_a_reason_get_no_split_and_keep_it():
    splits, reasons = split(range(100), ["blurred"] + [None] * 99)
    assert (splits[0], reasons[0]) == (None, "blurred")


def test_two_faces_in_one_frame_are_in_one_split():
    frames = np.repeat(np.arange(100), 2)
    splits, _ = split(frames)
    assert splits[::2] == splits[1::2]


def test_test_is_kept_apart_from_validation_too():
    near = in_gap(np.array([0, 1, 9]), ["validation", "test", "train"], settings=settings())
    assert near.tolist() == [True, False, False]


def test_a_gap_as_long_as_a_block_is_refused():
    with pytest.raises(SettingsError, match="gap_frames 10 must be below block_frames 10"):
        parse_section(CurationSettings, VALUES | {"gap_frames": 10}, where="params.yaml: crops")


def face(**values):
    row = {"clip": "a", "frame": 0, "face": 0, "track": 0, "points": np.zeros(136), "crop_from_frame": np.zeros(6)}
    row |= {"spread": 0.005, "yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0, "sharpness": 100.0, "inside": 1.0}
    return row | {"eye_distance_px": 60.0, "reason": None} | values


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"spread": 0.03}, "spread 0.030 above 0.02"),
        ({"eye_distance_px": 20.0}, "eye distance 20.0 px below 24"),
        ({"yaw_deg": -70.0}, "yaw -70 degrees beyond 60"),
        ({"pitch_deg": 50.0}, "pitch 50 degrees beyond 45"),
        ({"sharpness": 10.0}, "sharpness 10.0 below 20.0"),
    ],
)
def test_each_gate_says_what_was_found_and_what_was_asked_for(values, reason):
    table = table_of_rows(LANDMARKS, [face(**values), *[face() for _ in range(4)]])
    assert quality_problems(table, settings=settings()) == [reason] + [None] * 4


def test_near_duplicates_repeat_the_face_they_resemble():
    base = np.random.default_rng(0).uniform(0, 256, (68, 2))
    smile = base.copy()
    smile[48:] += [0, 9]
    points = np.stack([base, smile, base + 0.01, smile + 0.01, base])
    looks = np.zeros((5, 12), np.float32)
    looks[4] = 0.5
    assert near_duplicates(points, looks, settings=settings()).tolist() == [-1, -1, 0, 1, -1]


def test_nothing_is_a_duplicate_when_the_distance_is_zero():
    points = np.random.default_rng(0).uniform(0, 256, (1, 68, 2)).repeat(3, 0)
    assert near_duplicates(points, np.zeros((3, 4)), settings=settings(duplicate_points=0)).tolist() == [-1] * 3


def test_what_lies_beyond_the_mask_does_not_count_for_the_look():
    mask = np.zeros((256, 256), np.uint8)
    mask[64:192, 64:192] = 255
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    other = np.where(mask[..., None] > 0, pixels, 7).astype(np.uint8)
    cuts = [Cut(one, mask, np.zeros((68, 2)), np.eye(2, 3)) for one in (pixels, other)]
    assert np.array_equal(look(cuts[0]), look(cuts[1]))
