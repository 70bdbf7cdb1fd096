import pytest
import torch
from torch import nn

from understudy.blocks.chance import Chain, ChannelDropout, Dropout, Noise
from understudy.randomness import torch_generator


def chance(seed=1):
    return torch_generator(seed, "chance")


@pytest.mark.parametrize("layer", [Dropout(0.5), ChannelDropout(0.5), Noise(1.0)])
def test_chance_is_the_generators_alone_and_absent_while_painting(layer):
    ones = torch.ones(2, 8, 4, 4)
    assert torch.equal(layer(ones), ones)
    assert torch.equal(layer(ones, chance()), layer(ones, chance()))
    assert not torch.equal(layer(ones, chance(1)), layer(ones, chance(2)))


def test_dropout_keeps_the_mean():
    made = Dropout(0.25)(torch.ones(100, 1000), chance())
    assert made.mean().item() == pytest.approx(1, abs=0.01)
    assert (made == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)


def test_channels_drop_out_whole():
    made = ChannelDropout(0.5)(torch.ones(8, 16, 4, 4), chance())
    assert set(made.mean((2, 3)).flatten().tolist()) == {0.0, 2.0}


def test_noise_has_its_deviation():
    assert Noise(0.5)(torch.zeros(100_000), chance()).std().item() == pytest.approx(0.5, abs=0.01)


def test_a_chain_gives_the_generator_to_those_that_ask_also_within():
    chain = Chain(nn.Identity(), Chain(Noise(1.0)))
    zeros = torch.zeros(4)
    assert torch.equal(chain(zeros), zeros)
    assert not torch.equal(chain(zeros, chance()), zeros)
