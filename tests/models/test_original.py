import pytest
import torch

from tests.models.counting import count, network_of, rebuilt
from understudy.blocks.convolution import Convolution
from understudy.models import original


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        ({}, 82_062_470),
        ({"lowmem": True}, 60_565_126),
        ({"learn_mask": True}, 94_455_560),
        ({"resolution_px": 128}, 127_156_358),
        ({"resolution_px": 256}, 172_250_246),
        ({"resolution_px": 512}, 217_344_134),
        ({"resolution_px": 512, "code_px": 16}, 272_962_694),
    ],
)
def test_the_original_has_its_number_of_parameters(changes, parameters):
    assert count(network_of(original, **changes)) == parameters


def test_its_parts_have_theirs():
    network = network_of(original)
    assert count(network.encoder) == 69_662_976
    assert count(network.decoders["source"]) == count(network.decoders["target"]) == 6_199_747


@pytest.mark.parametrize("side", [64, 128, 256, 512])
@pytest.mark.parametrize("code_px", [8, 16])
def test_every_size_is_rebuilt_from_its_code(side, code_px):
    made = rebuilt(network_of(original, resolution_px=side, code_px=code_px, learn_mask=True))
    assert made.pictures[0].shape == (2, 3, side, side)
    assert made.mask.shape == (2, 1, side, side)
    assert made.code.shape == (2, 512, code_px, code_px)


def test_a_third_person_costs_a_third_decoder():
    three = network_of(original, people=("ada", "bo", "cy"))
    assert count(three) == 82_062_470 + 6_199_747
    assert rebuilt(three, "cy").pictures[0].shape == (2, 3, 64, 64)


def test_strided_convolutions_pad_one_before_and_two_after():
    halve = Convolution(3, 4, 5, stride=2)
    with torch.no_grad():
        halve.weight.zero_()
        halve.weight[:, :, 1, 1] = 1
        halve.bias.zero_()
        picture = torch.arange(64 * 64, dtype=torch.float32).view(1, 1, 64, 64).expand(1, 3, 64, 64)
        assert torch.equal(halve(picture)[0, 0], 3 * picture[0, 0, ::2, ::2])
