import numpy as np
import pytest
import torch

from tests.critics.looking import detached, painter, seen_of, small_critic
from tests.models.counting import count, network_of
from understudy.critics import conditional
from understudy.models import original
from understudy.randomness import torch_generator


def chance(step=0):
    return torch_generator(1, "critic", step)


class Says(torch.nn.Module):
    """A judge of one opinion."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, pair):
        return torch.full((len(pair), 1, 8, 8), self.value)


class Mean(torch.nn.Module):
    """A judge that answers with the mean of the picture, −1 to 1."""

    def forward(self, pair):
        return pair[:, :3].mean((1, 2, 3), keepdim=True)


def judged_by(judge, network, **changes):
    critic = small_critic("conditional", network=network, **changes)
    for side in critic.judges:
        critic.judges[side] = judge
    return critic


@pytest.mark.parametrize(("side", "parameters"), [(64, 747_845), (128, 1_878_664), (256, 3_009_483)])
def test_a_judge_has_its_number_of_parameters(side, parameters):
    network = network_of(original, resolution_px=side)
    with torch.device("meta"):
        critic = conditional.Critic(conditional.Settings(), network=network)
    assert [count(judge) for judge in critic.judges.values()] == [parameters] * 2


@pytest.mark.parametrize("side", [64, 96, 128, 256])
def test_judgements_are_a_map(side):
    with torch.device("meta"):
        made = conditional.judge(side, 8)(torch.zeros(2, 6, side, side))
    assert made.shape[:2] == (2, 1)
    assert made.shape[-1] in {6, 8}


def test_painted_is_to_be_called_real():
    network = painter()
    seen = detached(seen_of(network))
    critic = judged_by(Says(0.25), network, weight=0.1)
    assert critic.painter_loss(seen, generator=chance()).item() == pytest.approx(0.1 * 2 * 0.75**2)


def test_the_picture_before_the_mask_is_judged_as_well():
    network = painter()
    seen = {side: each._replace(unmasked=each.painted) for side, each in detached(seen_of(network)).items()}
    critic = judged_by(Says(0.25), network, weight=0.1)
    assert critic.painter_loss(seen, generator=chance()).item() == pytest.approx(0.1 * 4 * 0.75**2)


def test_the_critic_is_asked_for_the_real_share_of_a_mixture():
    network = painter()
    seen = detached(seen_of(network))
    generator = chance()
    first, second = (conditional._shares(each.real, generator=generator) for each in seen.values())
    assert not torch.equal(first, second)
    expected = (0.5 - first).square().mean() + (0.5 - second).square().mean()
    critic = judged_by(Says(0.5), network)
    assert critic.critic_loss(seen, generator=chance()).item() == pytest.approx(expected.item())


def test_mixtures_are_what_the_judge_sees():
    """Judges that answer with the mean of the picture: their loss is that of means mixed by hand."""
    network = painter()
    seen = detached(seen_of(network))
    critic = judged_by(Mean(), network)
    generator, expected = chance(), 0.0
    for each in seen.values():
        share = conditional._shares(each.real, generator=generator).flatten()
        real, painted = (2 * pictures.mean((1, 2, 3)) - 1 for pictures in (each.real, each.painted))
        expected += (share * real + (1 - share) * painted - share).square().mean().item()
    assert critic.critic_loss(seen, generator=chance()).item() == pytest.approx(expected, rel=1e-5)


def test_the_input_is_seen_beside_the_picture():
    network = painter()
    critic = small_critic("conditional", network=network)
    seen = detached(seen_of(network))
    moved = {side: each._replace(inputs=1 - each.inputs) for side, each in seen.items()}
    assert critic.painter_loss(seen, generator=chance()) != critic.painter_loss(moved, generator=chance())
    small = {side: each._replace(inputs=each.inputs[..., ::2, ::2]) for side, each in seen.items()}
    assert torch.isfinite(critic.painter_loss(small, generator=chance()))


def test_differences_cost_nothing_when_real_is_one_above_painted():
    higher, lower = torch.full((3, 1, 2, 2), 1.5), torch.full((3, 1, 2, 2), 0.5)
    assert conditional._apart(higher, lower).item() == 0
    assert conditional._apart(lower, higher).item() == pytest.approx(4.0)
    assert conditional._apart(lower, lower).item() == pytest.approx(1.0)


def test_differences_are_learnt_one_way_by_the_critic_and_the_other_by_the_painter():
    network = painter()
    critic = judged_by(Mean(), network, judges="differences", weight=1.0)
    seen = detached(seen_of(network))
    seen = {
        side: each._replace(painted=torch.full_like(each.painted, 0.25), wanted=torch.full_like(each.wanted, 0.75))
        for side, each in seen.items()
    }
    assert critic.critic_loss(seen, generator=chance()).item() == pytest.approx(0, abs=1e-10)
    assert critic.painter_loss(seen, generator=chance()).item() == pytest.approx(2 * 4.0, rel=1e-6)


def test_shares_are_drawn_from_beta_and_lie_mostly_at_the_ends():
    shares = conditional._shares(torch.zeros(4000, 3, 1, 1), generator=chance()).flatten().numpy()
    assert 0 <= shares.min() <= shares.max() <= 1
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert np.var(shares) == pytest.approx(0.25 / 1.4, abs=0.01)  # of Beta(a, a): 1 / (4 (2a + 1))
    assert not np.array_equal(shares, conditional._shares(torch.zeros(4000, 3, 1, 1), generator=chance(1)).flatten())
