import pytest
import torch

from understudy.picks import pick_evenly_by_yaw, pick_shuffled, pick_uniform

SEEDED = {"seed": 3, "stream": "source faces"}


def shuffled(num_faces, *, step, part=0, parts=1, number, seed=3):
    picked = pick_shuffled(
        num_faces, seed=seed, stream="source faces", step=step, part=part, parts=parts, number=number
    )
    return picked.tolist()


def test_every_face_comes_once_before_any_returns():
    """Seven faces, batches of four: steps run across the passes' ends."""
    picked = [face for step in range(14) for face in shuffled(7, step=step, number=4)]
    passes = [picked[start : start + 7] for start in range(0, 56, 7)]
    assert all(sorted(each) == list(range(7)) for each in passes)
    assert len({tuple(each) for each in passes}) > 4


def test_a_batch_may_be_larger_than_the_set():
    picked = shuffled(3, step=2, number=10)
    assert len(picked) == 10
    assert sorted(picked[1:4]) == [0, 1, 2]


def test_parts_share_the_faces_of_the_whole_batch():
    whole = shuffled(50, step=4, number=12)
    parts = [shuffled(50, step=4, part=part, parts=3, number=4) for part in range(3)]
    assert [face for part in parts for face in part] == whole


def test_any_step_can_be_picked_again_alone():
    in_order = [shuffled(30, step=step, number=8) for step in range(6)]
    assert shuffled(30, step=5, number=8) == in_order[5]
    assert shuffled(30, step=5, number=8, seed=4) != in_order[5]


def test_what_was_picked_can_be_written_to_without_harm():
    pick_shuffled(30, **SEEDED, step=0, part=0, parts=1, number=8).zero_()
    assert shuffled(30, step=0, number=30) != [0] * 8 + shuffled(30, step=0, number=30)[8:]


def test_uniform_picks_reach_every_face_about_as_often():
    counts = torch.zeros(20)
    for step in range(200):
        picked = pick_uniform(20, **SEEDED, step=step, part=1, number=50)
        counts += picked.bincount(minlength=20)
    assert counts.min() > 0.85 * 500
    assert counts.max() < 1.15 * 500


def test_rare_turns_are_picked_as_often_as_common_ones():
    """Ninety-seven faces look ahead, one to the left, two to the right, beyond the range."""
    yaw_deg = torch.tensor([0.2] * 97 + [-40.0, 75.0, 80.0])
    picked = pick_evenly_by_yaw(yaw_deg, **SEEDED, step=0, part=0, number=9000)
    counts = picked.bincount(minlength=100).float()
    assert counts[97].item() == pytest.approx(3000, rel=0.1)
    assert counts[98].item() == pytest.approx(1500, rel=0.1)
    assert counts[99].item() == pytest.approx(1500, rel=0.1)
    assert counts[:97].min() > 0


def test_picks_by_yaw_can_be_made_again_and_differ_between_parts():
    yaw_deg = torch.linspace(-60, 60, 40)
    first, again, other = (
        pick_evenly_by_yaw(yaw_deg, **SEEDED, step=7, part=part, number=16).tolist() for part in (0, 0, 1)
    )
    assert first == again != other
