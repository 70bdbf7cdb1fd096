import numpy as np

from understudy.following import distances_to, follow_tracks


def followed(people, tracks=None, min_share=0.6):
    return follow_tracks(tracks or [("take", 0)] * len(people), people, min_share=min_share)


def test_unnamed_faces_take_the_name_of_their_track():
    assert followed(["bo", None, "bo", "bo"]) == [None, "bo", None, None]


def test_a_track_that_is_mostly_unnamed_names_nobody():
    assert followed(["bo", None, None, None]) == [None] * 4


def test_a_track_with_two_people_names_nobody():
    assert followed(["bo", "ada", "bo", "bo", None]) == [None] * 5


def test_tracks_of_other_clips_do_not_count():
    assert followed(["bo", None], tracks=[("first", 0), ("second", 0)]) == [None, None]


def test_distances_are_to_the_named_persons_references():
    vectors = np.array([[3.0, 4.0], [1.0, 0.0]])
    found = distances_to(vectors, {"bo": np.zeros(2)}, ["bo", None])
    assert found[0] == 5.0
    assert np.isnan(found[1])
