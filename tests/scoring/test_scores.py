import json

import numpy as np
import pytest

from tests.scoring.test_performance import face
from understudy.scoring.__main__ import main as print_scores
from understudy.scoring.scores import Films, People, Truth, rounded, score_films
from understudy.scoring.watching import Watched
from understudy.scoring.words import in_words

NUMBER = 12
FRAMES = np.arange(20, 20 + NUMBER)
OPENINGS = 3 + 5 * np.abs(np.sin(np.arange(NUMBER)))
PEOPLE = People(source=np.array([0.0, 0.0]), target=np.array([0.7, 0.0]))


def speaking(openings):
    """Faces whose inner lips stand `openings` pixels apart."""
    faces = np.array([face((2.0 * index, 0.0)) for index in range(len(openings))])
    faces[:, 66] = faces[:, 62] + np.column_stack([np.zeros(len(openings)), openings])
    return faces


def watched(openings, *, identity, sharpness=4.0):
    asked = np.ones(NUMBER, bool)
    return Watched(FRAMES, speaking(openings), np.tile(identity, (NUMBER, 1)), np.full(NUMBER, sharpness), asked)


@pytest.fixture
def films():
    eyes = np.linalg.norm(face()[45] - face()[36])
    return Films(
        shot=watched(OPENINGS, identity=(0.2, 0.0), sharpness=3.0),
        untouched=watched(OPENINGS, identity=(0.6, 0.0)),
        true_swap=watched(OPENINGS, identity=(0.1, 0.0), sharpness=4.0).at(FRAMES[2:]),
        closeness_N2=np.tile((25.0, 0.8), (NUMBER - 2, 1)),
        truth=Truth(np.arange(100), np.r_[np.zeros(20), OPENINGS / eyes, np.zeros(68)], np.full(100, 0.1)),
    )


def test_a_good_shot_stands_near_the_true_swap(films):
    scores = score_films(films, PEOPLE)
    assert scores["frames"] == NUMBER
    assert scores["shot"]["seen"] == 1
    assert scores["shot"]["identity"] == pytest.approx(
        {"source_distance": 0.2, "target_distance": 0.5, "source_nearer": 1.0}
    )
    assert scores["untouched"]["identity"]["source_nearer"] == 0
    assert scores["shot"]["mouth"]["true_correlation"] == pytest.approx(1)
    assert scores["shot"]["mouth"]["true_deviation"] == pytest.approx(0, abs=1e-6)
    assert scores["shot"]["jitter"]["ratio"] == pytest.approx(1)
    assert scores["shot"]["pose"]["error_deg"] == pytest.approx(0, abs=1e-5)
    against = scores["against_true_swap"]
    assert against["frames"] == NUMBER - 2
    assert against["identity_gain"] == pytest.approx(0.8)
    assert against["sharpness_ratio"] == pytest.approx(0.75)
    assert against["jitter_ratio"] == pytest.approx(1)
    assert (against["psnr_db"], against["ssim"]) == (25.0, 0.8)


def test_a_mouth_that_goes_its_own_way_is_found_out(films):
    still = Films(watched(OPENINGS[::-1], identity=(0.2, 0.0)), films.untouched, truth=films.truth)
    mouth = score_films(still, PEOPLE)["shot"]["mouth"]
    assert mouth["true_correlation"] < 0.5
    assert mouth["deviation"] > 0.01


def test_a_face_that_vanished_counts_against_the_shot(films):
    points = films.shot.points_N682.copy()
    points[:6] = np.nan
    embeddings = films.shot.embeddings_NK.copy()
    embeddings[:6] = np.nan
    lost = Watched(FRAMES, points, embeddings, films.shot.sharpness_N, films.shot.is_asked_N)
    shot = score_films(Films(lost, films.untouched), PEOPLE)["shot"]
    assert shot["seen"] == 0.5
    assert shot["identity"]["source_nearer"] == 0.5


def test_frames_that_were_not_asked_for_do_not_count_as_unseen(films):
    asked = np.arange(NUMBER) % 2 == 0
    embeddings = np.where(asked[:, None], films.shot.embeddings_NK, np.nan)
    sampled = Watched(FRAMES, films.shot.points_N682, embeddings, films.shot.sharpness_N, asked)
    assert score_films(Films(sampled, films.untouched), PEOPLE)["shot"]["identity"]["source_nearer"] == 1


def test_without_a_truth_its_figures_are_not_known(films):
    scores = rounded(score_films(Films(films.shot, films.untouched), PEOPLE))
    assert scores["true_swap"] is None
    assert scores["against_true_swap"] is None
    assert scores["shot"]["mouth"]["true_correlation"] is None
    assert scores["shot"]["mouth"]["correlation"] == pytest.approx(1)


def test_a_part_of_the_frames_takes_the_same_part_of_the_true_swap(films):
    part = films.at(FRAMES[:4])
    assert part.true_swap.frames_N.tolist() == FRAMES[2:4].tolist()
    assert len(part.closeness_N2) == 2
    assert score_films(films.at(FRAMES[:2]), PEOPLE)["true_swap"] is None


def test_no_frames_give_no_figures(films):
    scores = rounded(score_films(films.at(FRAMES[:0]), PEOPLE))
    assert (scores["frames"], scores["shot"], scores["against_true_swap"]) == (0, None, None)


def test_scores_are_sorted_plain_numbers_of_four_digits(films):
    scores = rounded({"b": {"d": np.float64(1 / 3), "c": np.int64(2)}, "a": float("nan"), "e": -0.00001, "f": None})
    assert json.dumps(scores) == '{"a": null, "b": {"c": 2, "d": 0.3333}, "e": 0.0, "f": null}'


def in_full(films):
    return rounded(
        {
            "held_out": score_films(films, PEOPLE),
            "painted": {"painted_frames": 12, "target_frames": 13, "left_out": {"yaw above": 1}},
            "reconstruction": {"psnr_db_source": 28.9},
        }
    )


def test_no_key_is_one_that_dvc_takes_for_a_failure(films):
    assert '"error"' not in json.dumps(in_full(films))


def test_scores_are_said_in_words(films):
    page = " ".join(in_words(in_full(films), name="bo.ada-for-bo").split())
    for words in (
        "Ada in Bo's place, clip bo: 12 frames",
        "looks like Ada: distance .20 to Ada, .50 to Bo (true swap .10 and .60; untouched .60 and .10)",
        "nearer to Ada in 100% of the frames; 80% of the way to the true swap",
        "follows the truth with a correlation of 1.00",
        ".75 times the true swap's",
        "12 of 13 frames in which Bo is seen; not: 1 yaw above",
        "source 28.9 dB",
    ):
        assert words in page


def test_a_failed_shot_is_called_one(films):
    failed = Films(films.untouched, films.untouched)
    assert "still looks like Bo" in in_words(in_full(failed), name="bo.ada-for-bo")
    between = Films(watched(OPENINGS, identity=(0.1, 0.6)), films.untouched)
    assert "does not look like Ada yet" in in_words(in_full(between), name="bo.ada-for-bo")


def test_the_words_of_a_file_are_printed(films, tmp_path, capsys):
    file = tmp_path / "bo.ada-for-bo.json"
    file.write_text(json.dumps(in_full(films)))
    assert print_scores([str(file)]) == 0
    assert capsys.readouterr().out.startswith("Ada in Bo's place, clip bo: 12 frames")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path, capsys):
    assert print_scores([str(tmp_path / "nothing.json")]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"scores: {tmp_path}/nothing.json: cannot be read")
    assert message.count("\n") == 1


def test_a_rebuilt_face_is_not_called_a_failed_likeness(films):
    scores = {"held_out": score_films(films, PEOPLE), "painted": {}, "reconstruction": {}}
    words = in_words(scores, name="ada.ada-for-ada")
    assert "their own face, rebuilt" in words
    assert "does not look like" not in words
