"""Performances: the same for the same seed, within their stated ranges, and Ada's wider than Bo's."""

import dataclasses

import numpy as np
import pytest

from understudy.actors.performance import Performance, performance
from understudy.actors.sample import SAMPLE, TINY


def column(takes, name):
    return np.array([getattr(one, name) for one in takes])


def test_the_same_seed_gives_the_same_performance_and_another_seed_another():
    assert performance(7, 50) == performance(7, 50)
    assert performance(7, 50) != performance(8, 50)


def test_changing_the_head_leaves_mouth_lids_and_gaze_as_they_were():
    calm, lively = performance(7, 100, yaw_deg=5), performance(7, 100, yaw_deg=25)
    for name in ("jaw", "blink", "gaze_x", "smile"):
        np.testing.assert_array_equal(column(calm, name), column(lively, name))


@pytest.mark.parametrize("take", SAMPLE, ids=lambda take: take.name)
def test_the_head_turns_to_its_limits_and_not_beyond(take):
    acted = take.performances
    yaw, pitch = column(acted, "yaw_deg"), column(acted, "pitch_deg")
    assert np.abs(yaw).max() <= take.yaw_deg
    assert np.abs(pitch).max() <= take.pitch_deg
    assert yaw.max() > 0.8 * take.yaw_deg
    assert yaw.min() < -0.8 * take.yaw_deg


@pytest.mark.parametrize("take", SAMPLE + TINY, ids=lambda take: f"{take.name}-{take.num_frames}")
def test_lids_close_open_and_rest_half_closed_and_the_mouth_opens_and_closes(take):
    acted = take.performances
    blink, jaw = column(acted, "blink"), column(acted, "jaw")
    assert blink.min() == 0
    assert blink.max() > 0.5
    assert jaw.min() < 0.02
    assert jaw.max() > 0.4


def test_quick_blinks_last_five_to_seven_frames():
    blink = column(SAMPLE[1].performances, "blink")
    lengths = [len(run) for run in np.split(blink, np.flatnonzero(blink == 0)) if (run > 0.9).any()]
    assert min(lengths) - 1 in (5, 6, 7)


def test_the_source_covers_the_target():
    ada, bo = (take.performances for take in SAMPLE)
    for name in ("yaw_deg", "pitch_deg", "jaw", "blink"):
        assert column(ada, name).max() >= column(bo, name).max()
        assert column(ada, name).min() <= column(bo, name).min()


def test_a_performance_of_no_frames_is_empty():
    assert performance(1, 0) == []


def test_a_performance_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Performance().jaw = 1.0
