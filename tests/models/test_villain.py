import pytest
import torch

from tests.models.counting import count, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.starts import start_weights
from understudy.blocks.upscaling import Residual
from understudy.errors import SettingsError
from understudy.models import villain
from understudy.params import parse_section

LEAST = {"batch": 1, "learning_rate": 1e-4}


def residuals(module):
    return [each for each in module.modules() if isinstance(each, Residual)]


@pytest.mark.parametrize(
    ("lowmem", "parameters", "encoder"), [(False, 155_115_014, 112_027_904), (True, 118_660_614, 75_573_504)]
)
def test_villain_has_its_number_of_parameters(lowmem, parameters, encoder):
    network = network_of(villain, lowmem=lowmem)
    assert count(network) == parameters
    assert count(network.encoder) == encoder
    assert count(network.decoders["source"]) == count(network.decoders["target"]) == 21_543_555


@pytest.mark.parametrize(("lowmem", "blocks"), [(False, 16), (True, 8)])
def test_lowmem_looks_half_as_long(lowmem, blocks):
    network = network_of(villain, lowmem=lowmem)
    assert len(residuals(network.encoder)) == blocks
    assert len(residuals(network.decoders["source"])) == 3


def test_its_mask_branch_has_the_decoders_widths_and_no_residual_blocks():
    network = network_of(villain, learn_mask=True)
    assert count(network.masks["source"]) == 9_439_232 + 4_719_616 + 1_180_160 + 3_201
    assert not residuals(network.masks)


@pytest.mark.parametrize("lowmem", [False, True])
def test_faces_of_128_pixels_are_rebuilt_from_a_code_of_16_by_16(lowmem):
    made = rebuilt(network_of(villain, lowmem=lowmem, learn_mask=True))
    assert made.pictures[0].shape == (2, 3, 128, 128)
    assert made.mask.shape == (2, 1, 128, 128)
    assert made.code.shape == (2, 512, 16, 16)


def test_a_width_that_cannot_be_unfolded_is_refused():
    with pytest.raises(SettingsError, match=r"width: .*multiple of 4, found 10"):
        parse_section(villain.Settings, LEAST | {"width": 10}, where="params.yaml: models.villain")


def test_a_third_person_costs_a_third_decoder():
    assert count(network_of(villain, people=("ada", "bo", "cy"))) == 155_115_014 + 21_543_555


@torch.no_grad()
def test_what_was_seen_first_passes_the_long_look_by():
    """With residual blocks that make nothing of it, the encoder still tells faces apart."""
    network = villain.Network(villain.Settings.model_validate(LEAST | TINY["villain"]))
    start_weights(network, seed=1)
    encoder, faces = network.encoder, torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    encoder.look = torch.nn.Sequential(encoder.look, torch.nn.Threshold(torch.inf, 0.0))
    codes = encoder(faces)
    assert not torch.equal(codes[0], codes[1])


@torch.no_grad()
def test_weights_start_small_but_for_the_second_of_a_block_and_the_picture():
    network = villain.Network(villain.Settings.model_validate(LEAST | {"width": 32, "nodes": 64}))
    start_weights(network, seed=1)
    block, picture = network.encoder.look[1], network.decoders["source"][-1].convolution
    for layer in (network.encoder.first, block.first, network.encoder.fold[1], network.encoder.fold[4].convolution):
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert block.second.weight.var().item() == pytest.approx(0.2 / (9 * 32), rel=0.05)
    assert picture.weight.var().item() == pytest.approx(2 / (25 * 32), rel=0.1)


@torch.no_grad()
def test_a_decoder_is_told_of_the_face_from_the_start():
    network = villain.Network(villain.Settings.model_validate(LEAST | {"width": 64, "nodes": 256}))
    start_weights(network, seed=1)
    halve = network.encoder.halve
    before = halve[:8](torch.rand(1, 64, 64, 64, generator=torch.Generator().manual_seed(1)))
    assert halve[8](before).std() > 0.5 * before.std()
