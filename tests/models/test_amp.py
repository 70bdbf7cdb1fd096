import pytest
import torch

from tests.models.counting import LEAST, count, network_of, rebuilt
from understudy.blocks.starts import start_weights
from understudy.errors import SettingsError
from understudy.models import amp
from understudy.params import parse_section
from understudy.randomness import torch_generator

SMALL = {"resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32, "inter_dims": 32}


@pytest.fixture
def network():
    made = amp.Network(amp.Settings(**LEAST, **SMALL, learned_morph=0.3))
    start_weights(made, seed=1)
    return made


@pytest.fixture
def faces():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def own_codes(network, faces):
    flat = network.encoder(faces)
    return network.inters["source"](flat), network.inters["target"](flat)


@pytest.mark.parametrize(("side", "parameters"), [(128, 79_650_731), (224, 101_345_195), (256, 111_206_315)])
def test_amp_has_its_number_of_parameters(side, parameters):
    assert count(network_of(amp, resolution_px=side)) == parameters


@pytest.mark.parametrize("side", [64, 96, 224, 640])
def test_every_side_is_rebuilt_with_its_mask(side):
    made = rebuilt(network_of(amp, **SMALL | {"resolution_px": side}, learn_mask=True))
    assert made.pictures[0].shape == (2, 3, side, side)
    assert made.mask.shape == (2, 1, side, side)
    assert made.code.shape == (2, 32, side // 32, side // 32)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resolution_px": 144}, "must be a multiple of 32, which five halvings ask for; take 128 or 160"),
        ({"learned_morph": 0.6}, "less than or equal to 0.5"),
        ({"inter_dims": 16}, "greater than or equal to 32"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_the_rule(changes, said):
    with pytest.raises(SettingsError, match=said) as refused:
        parse_section(amp.Settings, LEAST | changes, where="params.yaml: models.amp")
    assert "\n" not in str(refused.value)


def test_learning_draws_exactly_a_share_of_the_sources_channels_for_every_face(network, faces):
    with torch.no_grad():
        source, target = own_codes(network, faces)
        code = network.learn({"source": faces}, generator=torch_generator(1, "chance", 0))["source"].code
    is_source = (code == source).all((2, 3))
    is_target = (code == target).all((2, 3))
    assert (is_source ^ is_target).all()
    assert is_source.sum(1).tolist() == [9, 9, 9]  # int(32 · 0.3)
    assert not torch.equal(is_source[0], is_source[1])


def test_the_same_generator_draws_the_same_channels(network, faces):
    first, again, other = (
        network.learn({"source": faces}, generator=torch_generator(1, "chance", step))["source"].code
        for step in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_targets_codes_are_their_own_whatever_the_chance(network, faces):
    with torch.no_grad():
        code = network.learn({"target": faces}, generator=torch_generator(1, "chance", 0))["target"].code
        assert torch.equal(code, own_codes(network, faces)[1])
        assert torch.equal(network(faces, "target").code, code)


@pytest.mark.parametrize(("morph", "channels"), [(0.0, 0), (0.5, 16), (0.99, 31), (1.0, 32)])
def test_a_swap_takes_the_first_channels_from_the_source(network, faces, morph, channels):
    with torch.no_grad():
        source, target = own_codes(network, faces)
        code = network.swap(faces, source="source", target="target", morph=morph).code
    assert torch.equal(code[:, :channels], source[:, :channels])
    assert torch.equal(code[:, channels:], target[:, channels:])


def test_all_weights_of_both_inters_are_learnt(network, faces):
    """The inters, which its origin leaves as they start: within a few steps every single weight has a gradient."""
    has_learnt = {name: torch.zeros_like(weight) for name, weight in network.inters.named_parameters()}
    for step in range(8):
        generator = torch_generator(1, "chance", step)
        total = sum(
            network.learn({side: faces}, generator=generator)[side].pictures[0].mean() for side in ("source", "target")
        )
        network.zero_grad()
        total.backward()
        for name, weight in network.inters.named_parameters():
            has_learnt[name] += weight.grad.abs()
    assert set(has_learnt) == {"source.0.weight", "source.0.bias", "target.0.weight", "target.0.bias"}
    assert all((each > 0).all() for each in has_learnt.values())


def test_a_third_person_has_an_inter_and_is_mixed_with_the_target(faces):
    network = amp.Network(amp.Settings(**LEAST, **SMALL), people=("ada", "cy", "bo"))
    start_weights(network, seed=1)
    with torch.no_grad():
        before = network(faces, "cy").code
        network.inters["bo"][0].bias += 1
        assert torch.equal(network(faces, "cy").code[:, :16], before[:, :16])
        assert (network(faces, "cy").code[:, 16:] != before[:, 16:]).all()
