"""What holds for every critic of the folder."""

import re

import pytest
import torch

from tests.critics.looking import SMALL, detached, painter, seen_of, small_critic
from tests.models.counting import LEAST
from understudy.errors import SettingsError
from understudy.judging import Seen, available, code_shape, critic_settings, see
from understudy.models import original
from understudy.networks import FaceNetwork, Rebuilt
from understudy.randomness import torch_generator

NAMES = available()


class Codeless(FaceNetwork):
    input_px, outputs_px, people = 64, (64,), ("source", "target")

    def forward(self, faces_B3HW, person):
        return Rebuilt((faces_B3HW,))


def in_double(seen):
    return Seen(*(None if each is None else each.double() for each in seen))


def chance(step=0):
    return torch_generator(1, "critic", step)


def test_every_critic_is_tested():
    assert sorted(SMALL) == NAMES


def test_an_unknown_critic_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"no critic 'patch'\. Available: code, conditional, patch_unet"):
        critic_settings("patch")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_makes_the_same_critic(name):
    first, again, other = (small_critic(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_numbers_that_depend_on_what_is_seen_and_the_generator_alone(name):
    network = painter()
    critic = small_critic(name, network=network)
    seen = seen_of(network)
    for loss in (critic.painter_loss, critic.critic_loss):
        first, again = loss(seen, generator=chance()), loss(seen, generator=chance())
        assert first.shape == ()
        assert torch.isfinite(first)
        assert torch.equal(first, again)
        assert not torch.equal(first, loss(seen_of(network, seed=2), generator=chance()))


@pytest.mark.parametrize("name", NAMES)
def test_the_painters_gradient_comes_through_the_critic(name):
    network = painter()
    critic = small_critic(name, network=network)
    weights = list(network.encoder.parameters())
    loss = critic.painter_loss(seen_of(network), generator=chance())
    gradients = torch.autograd.grad(loss, weights)
    assert all(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("name", NAMES)
def test_the_critic_learns_from_what_is_detached_and_the_painter_does_not(name):
    network = painter()
    critic = small_critic(name, network=network)
    loss = critic.critic_loss(detached(seen_of(network)), generator=chance())
    loss.backward()
    idle = [name for name, weight in critic.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert all(re.search(r"\.(asked|offered|given)\.", name) for name in idle), "only attention waits for its gain"
    assert all(weight.grad is None for weight in network.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_a_critic_learns_to_tell_one_batch_apart(name):
    network = painter()
    critic = small_critic(name, network=network)
    seen = detached(seen_of(network))
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = critic.critic_loss(seen, generator=chance())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_painters_loss_has_the_gradient_of_its_values(name):
    network = painter()
    critic = small_critic(name, network=network).double()
    seen = {person: each._replace() for person, each in detached(seen_of(network, faces=1)).items()}
    seen = {
        person: type(each)(*(None if part is None else part.double() for part in each)) for person, each in seen.items()
    }
    source = seen["source"]
    direction = torch.rand(source.painted.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    along = torch.rand(source.code.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4))

    def at(step):
        moved = source._replace(painted=source.painted + step * direction, code=source.code + step * along)
        return critic.painter_loss(seen | {"source": moved}, generator=chance())

    assert torch.autograd.gradcheck(at, torch.zeros((), dtype=torch.float64, requires_grad=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_weight_scales_what_the_critic_says(name):
    network = painter()
    seen = detached(seen_of(network))
    changes = {"is_masked": False} if name == "patch_unet" else {}
    light, heavy = (small_critic(name, network=network, weight=weight, **changes) for weight in (0.1, 0.3))
    assert heavy.painter_loss(seen, generator=chance()).item() == pytest.approx(
        3 * light.painter_loss(seen, generator=chance()).item(), rel=1e-5
    )


def test_the_shape_of_a_code_is_found_without_arithmetic():
    assert code_shape(painter()) == (32, 4, 4)
    assert code_shape(painter(options="")) == (32, 8, 8)
    with torch.device("meta"):
        assert code_shape(original.Network(original.Settings(**LEAST))) == (512, 8, 8)


def test_a_network_without_a_code_has_no_critic_of_it():
    with pytest.raises(SettingsError, match="the model shows no code to look at; take df or original"):
        small_critic("code", network=Codeless())


def test_what_was_painted_before_it_was_laid_over_the_input_is_seen_where_it_is_as_large():
    wanted = {8: torch.zeros(1, 6, 8, 8), 4: torch.zeros(1, 6, 4, 4)}
    small, raw, laid = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
    inputs = torch.zeros(1, 3, 8, 8)
    assert see(Rebuilt((small, raw, laid)), inputs=inputs, wanted=wanted).unmasked is raw
    assert see(Rebuilt((small, laid)), inputs=inputs, wanted=wanted).unmasked is None
    assert see(Rebuilt((laid,)), inputs=inputs, wanted=wanted).wanted is wanted[8]
