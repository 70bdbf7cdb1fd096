import math

import pytest
import torch

from tests.critics.looking import detached, painter, seen_of, small_critic
from tests.models.counting import count, network_of
from understudy.critics import code
from understudy.models import df
from understudy.randomness import torch_generator

CHANCE = torch_generator(1, "critic", 0)


@pytest.mark.parametrize(
    ("options", "side", "code_px", "parameters"),
    [("ud", 128, 8, 2_229_505), ("", 128, 16, 6_949_633), ("", 256, 32, 63_577_857)],
)
def test_a_critic_has_its_number_of_parameters(options, side, code_px, parameters):
    network = network_of(df, options=options, resolution_px=side)
    with torch.device("meta"):
        critic = code.Critic(code.Settings(), network=network)
    assert count(critic) == parameters
    assert count(code.judge(256, code_px, 256)) == parameters


@pytest.mark.parametrize("side", [1, 2, 4, 8, 12, 16])
def test_codes_of_every_side_are_judged(side):
    judge = code.judge(4, side, 4)
    assert judge(torch.zeros(2, 4, side, side)).shape[:2] == (2, 1)


def test_the_targets_codes_are_true_and_the_sources_are_to_become_so():
    network = painter()
    critic = small_critic("code", network=network, weight=0.5)
    for weight in critic.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        critic.judge[-1].bias += 2
    seen = detached(seen_of(network))
    true, false = math.log1p(math.exp(-2)), math.log1p(math.exp(2))
    assert critic.critic_loss(seen, generator=CHANCE).item() == pytest.approx(0.5 * (true + false), rel=1e-6)
    assert critic.painter_loss(seen, generator=CHANCE).item() == pytest.approx(0.5 * true, rel=1e-6)


def test_the_painter_learns_from_the_sources_codes_alone():
    network = painter()
    critic = small_critic("code", network=network)
    seen = seen_of(network)
    loss = critic.painter_loss(seen, generator=CHANCE)
    to_source, to_target = torch.autograd.grad(loss, [seen["source"].code, seen["target"].code], allow_unused=True)
    assert to_source.any()
    assert to_target is None
