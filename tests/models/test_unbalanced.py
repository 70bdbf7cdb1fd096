import pytest
import torch

from tests.models.counting import LEAST, count, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.starts import start_weights
from understudy.errors import SettingsError
from understudy.models import unbalanced
from understudy.params import parse_section
from understudy.randomness import torch_generator


@pytest.mark.parametrize(
    ("lowmem", "total", "encoder", "target", "source"),
    [
        (False, 207_046_186, 83_964_932, 43_633_827, 79_447_427),
        (True, 107_962_506, 54_596_100, 28_937_523, 24_428_883),
    ],
)
def test_unbalanced_and_its_parts_have_their_numbers_of_parameters(lowmem, total, encoder, target, source):
    network = network_of(unbalanced, lowmem=lowmem)
    assert count(network) == total
    assert count(network.encoder) == encoder
    assert count(network.decoders["target"]) == target
    assert count(network.decoders["source"]) == source


@pytest.mark.parametrize("side", range(64, 513, 32))
def test_every_size_is_rebuilt(side):
    network = network_of(unbalanced, resolution_px=side, learn_mask=True)
    for person in network.people:
        made = rebuilt(network, person)
        assert made.pictures[0].shape == (2, 3, side, side)
        assert made.mask.shape == (2, 1, side, side)


def test_other_sizes_are_refused():
    with pytest.raises(SettingsError, match=r"resolution_px: .*multiple of 32.*100"):
        parse_section(unbalanced.Settings, LEAST | {"resolution_px": 100}, where="params.yaml")


def test_a_size_that_is_said_stands_above_lowmem():
    assert unbalanced.Settings.model_validate(LEAST | {"lowmem": True, "nodes": 600}).sizes == (600, 384, 320, 384)


def test_channels_drop_out_of_the_targets_decoder_alone_and_only_while_learning():
    network = unbalanced.Network(unbalanced.Settings.model_validate(LEAST | TINY["unbalanced"]))
    start_weights(network, seed=1)
    faces = torch.rand(2, 3, 64, 64, generator=torch_generator(1, "faces"))

    def learnt(person, seed):
        return network.learn({person: faces}, generator=torch_generator(seed, "chance"))[person].pictures[0]

    assert torch.equal(learnt("source", 1), network(faces, "source").pictures[0])
    assert torch.equal(learnt("target", 1), learnt("target", 1))
    assert not torch.equal(learnt("target", 1), learnt("target", 2))
    assert not torch.equal(learnt("target", 1), network(faces, "target").pictures[0])
