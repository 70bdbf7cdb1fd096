import torch

from tests.models.counting import count, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.starts import start_weights
from understudy.model import model_settings
from understudy.models import iae

WIDTH = TINY["iae"]["width"]


def small():
    settings = model_settings("iae").model_validate({"learning_rate": 1e-3} | TINY["iae"])
    network = iae.Network(settings, people=("ada", "bo"))
    start_weights(network, seed=1)
    return network, torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_iae_has_its_number_of_parameters():
    network = network_of(iae)
    assert count(network) == 117_816_003
    assert count(network.encoder) == 17_214_720
    assert count(network.common) == count(network.own["source"]) == count(network.own["target"]) == 25_175_040
    assert count(network.decoder) == 25_076_163


def test_everybody_shares_one_mask_branch():
    network = network_of(iae, learn_mask=True)
    assert count(network) == 117_816_003 + 25_076_163 - (3 - 1) * (25 * 64 + 1)
    assert rebuilt(network).mask.shape == (2, 1, 64, 64)


def test_faces_of_64_pixels_are_rebuilt_from_a_code_of_two_halves():
    made = rebuilt(network_of(iae))
    assert made.pictures[0].shape == (2, 3, 64, 64)
    assert made.code.shape == (2, 1024, 4, 4)


def test_a_third_person_costs_a_third_intermediate():
    assert count(network_of(iae, people=("ada", "bo", "cy"))) == 117_816_003 + 25_175_040


def test_a_code_is_first_the_persons_own_then_the_common_half():
    network, face = small()
    with torch.no_grad():
        ada, bo = network(face, "ada").code, network(face, "bo").code
        common = network.common(network.encoder(face))
    own = 4 * WIDTH
    assert not torch.equal(ada[:, :own], bo[:, :own])
    assert torch.equal(ada[:, own:], common)
    assert torch.equal(bo[:, own:], common)


def test_a_swap_is_made_with_the_sources_own_half():
    network, face = small()
    with torch.no_grad():
        before = network.swap(face, source="ada", target="bo", morph=1).pictures[0]
        for weight in network.own["bo"].parameters():
            weight.zero_()
        assert torch.equal(network.swap(face, source="ada", target="bo", morph=1).pictures[0], before)
        for weight in network.own["ada"].parameters():
            weight.zero_()
        assert not torch.equal(network.swap(face, source="ada", target="bo", morph=1).pictures[0], before)
