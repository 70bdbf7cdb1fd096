import numpy as np

from understudy.bridging import bridges, tracks_of
from understudy.tables import LANDMARKS, table_of_rows

NOTHING = dict.fromkeys(
    ("spread", "yaw_deg", "pitch_deg", "roll_deg", "sharpness", "eye_distance_px", "inside"), np.nan
) | {"crop_from_frame": np.full(6, np.nan)}


def landmarks(*rows):
    """A table from (frame, track, reason); every point of frame k lies at (k, 2k)."""
    made = [
        {"clip": "bo", "frame": frame, "face": 0, "track": track, "reason": reason}
        | NOTHING
        | {"points": np.tile([frame, 2.0 * frame], 68)}
        for frame, track, reason in rows
    ]
    return table_of_rows(LANDMARKS, made, {})


def bridged(fits, people, **options):
    return bridges(tracks_of(fits, people, person="bo"), **options)


def test_a_rejected_face_between_two_sure_ones_moves_evenly_from_one_to_the_other():
    fits = landmarks((4, 0, None), (5, 0, "spread 0.03 above 0.02"), (6, 0, "spread 0.03 above 0.02"), (7, 0, None))
    found = bridged(fits, {(4, 0): "bo", (7, 0): "bo"}, max_frames=2)
    assert sorted(found) == [(5, 0), (6, 0)]
    np.testing.assert_allclose(found[5, 0], np.tile([5.0, 10.0], (68, 1)), rtol=1e-6)


def test_a_longer_gap_and_an_open_end_are_not_bridged():
    fits = landmarks((4, 0, None), (5, 0, "spread"), (6, 0, "spread"), (7, 0, None), (8, 0, "spread"))
    assert bridged(fits, {(4, 0): "bo", (7, 0): "bo"}, max_frames=1) == {}


def test_nobody_else_is_bridged():
    fits = landmarks((4, 0, None), (5, 0, "spread"), (6, 0, None))
    assert bridged(fits, {(4, 0): "bo", (6, 0): "ada"}, max_frames=3) == {}
    assert bridged(fits, {(4, 0): None, (6, 0): None}, max_frames=3) == {}


def test_another_track_does_not_count_as_a_side():
    fits = landmarks((4, 0, None), (5, 1, "spread"), (6, 0, None))
    assert bridged(fits, {(4, 0): "bo", (6, 0): "bo"}, max_frames=3) == {}
