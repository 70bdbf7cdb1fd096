import pytest
import torch

from understudy.learning_rate_dropout import SLICE, drop_steps
from understudy.randomness import torch_generator

SHAPES = [(SLICE + 5, 3), (6, 5, 3, 3), (7,)]


def stepped(share, *, step=0, layout=torch.contiguous_format):
    """Zeros that a step made ones, with a random share of their steps kept."""
    before = [torch.zeros(shape) for shape in SHAPES]
    weights = [torch.ones(shape) for shape in SHAPES]
    before[1], weights[1] = (each[1].to(memory_format=layout) for each in (before, weights))
    drop_steps(weights, before, share=share, generator=torch_generator(5, "kept steps", step))
    return weights


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_the_share_of_kept_steps_is_the_one_asked_for(share):
    """Within five standard deviations, in every fourth of a draw as in the whole."""
    large = stepped(share)[0].flatten()
    assert set(large.unique().tolist()) == {0.0, 1.0}
    deviation = (share * (1 - share) / len(large)) ** 0.5
    assert abs(large.mean().item() - share) < 5 * deviation
    for lane in range(4):
        assert abs(large[lane::4].mean().item() - share) < 10 * deviation


def test_neighbours_are_drawn_independently():
    large = stepped(0.3)[0].flatten()
    for distance in (1, 2, 3, 4, SLICE):
        assert (large[distance:] * large[:-distance]).mean().item() == pytest.approx(0.09, abs=0.004)


def test_all_steps_are_kept_with_a_share_of_one():
    assert all((weight == 1).all() for weight in stepped(1.0))


def test_a_step_drops_the_same_again_and_another_step_others():
    one, again, other = stepped(0.3), stepped(0.3), stepped(0.3, step=1)
    assert all(torch.equal(*pair) for pair in zip(one, again, strict=True))
    assert not torch.equal(one[0], other[0])


def test_what_is_dropped_does_not_depend_on_the_layout_in_memory():
    flat, last = stepped(0.3), stepped(0.3, layout=torch.channels_last)
    assert all(torch.equal(*pair) for pair in zip(flat, last, strict=True))
