import numpy as np

from understudy.analysis import Detection
from understudy.tracks import Follower, distinct, link_tracks, overlap


def face(left, top=0.0, side=100.0, score=1.0):
    return Detection(np.array([left, top, left + side, top + side]), score, "full")


def tracks_of(frames, scenes=None, *, min_overlap=0.3, max_gap_frames=2):
    scenes = scenes or [0] * len(frames)
    return link_tracks(frames, scenes, min_overlap=min_overlap, max_gap_frames=max_gap_frames)


def test_overlap_is_intersection_over_union():
    assert overlap(face(0).box_xyxy, face(50).box_xyxy) == 50 / 150
    assert overlap(face(0).box_xyxy, face(0).box_xyxy) == 1
    assert overlap(face(0).box_xyxy, face(0, top=100).box_xyxy) == 0


def test_of_two_boxes_on_one_face_the_surer_stays():
    faces = [face(0, score=0.4), face(10, score=0.9), face(300, score=0.1)]
    assert [one.score for one in distinct(faces)] == [0.9, 0.1]


def test_two_faces_that_move_keep_their_tracks():
    frames = [[face(10 * step), face(400 - 10 * step)] for step in range(10)]
    assert tracks_of(frames) == [[0, 1]] * 10


def test_a_face_that_is_missed_for_a_moment_keeps_its_track_and_a_longer_absence_ends_it():
    seen, missed = [face(0)], []
    assert tracks_of([seen, missed, missed, seen]) == [[0], [], [], [0]]
    assert tracks_of([seen, missed, missed, missed, seen]) == [[0], [], [], [], [1]]


def test_a_cut_begins_new_tracks():
    assert tracks_of([[face(0)], [face(0)]], scenes=[0, 1]) == [[0], [1]]


def test_two_faces_never_share_a_track():
    assert tracks_of([[face(0)], [face(0), face(20)]]) == [[0], [0, 1]]


class Footage:
    """Stands for a back end: it sees the faces of the frame it is given, near a box or everywhere."""

    def __init__(self):
        self.whole_searches = 0

    def search(self, image):
        self.whole_searches += 1
        return [face(float(left)) for left in image]

    def follow(self, image, box_xyxy):
        return [face(float(left)) for left in image if abs(left - box_xyxy[0]) < 100]


def test_faces_are_followed_without_searching_whole_frames():
    footage = Footage()
    follower = Follower(footage)
    found = [follower.faces_in([10 * step, 500], anew=step == 0) for step in range(9)]
    assert [[one.box_xyxy[0] for one in faces] for faces in found] == [[10 * step, 500] for step in range(9)]
    assert footage.whole_searches == 1


def test_a_face_that_vanishes_is_picked_up_where_it_was_and_one_that_comes_in_at_the_next_search():
    follower = Follower(Footage())
    lefts = [[0, 500], [500], [20, 500], [20, 500, 900], [20, 500, 900]]
    found = [follower.faces_in(image, anew=step in (0, 4)) for step, image in enumerate(lefts)]
    assert [len(faces) for faces in found] == [2, 1, 2, 2, 3]


def test_a_frame_in_which_all_are_lost_is_searched_whole():
    follower = Follower(Footage())
    follower.faces_in([0], anew=True)
    assert [one.box_xyxy[0] for one in follower.faces_in([700], anew=False)] == [700]
