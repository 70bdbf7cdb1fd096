import pytest

from tests.models.counting import count, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.starts import start_weights
from understudy.blocks.upscaling import Residual
from understudy.errors import SettingsError
from understudy.model import model_settings
from understudy.models import dfaker
from understudy.params import parse_section


@pytest.mark.parametrize(
    ("side", "parameters", "encoder", "decoder"),
    [(128, 113_330_822, 69_662_976, 21_833_923), (256, 258_046_598, 119_994_624, 69_025_987)],
)
def test_dfaker_has_its_number_of_parameters(side, parameters, encoder, decoder):
    network = network_of(dfaker, resolution_px=side)
    assert count(network) == parameters
    assert count(network.encoder) == encoder
    assert count(network.decoders["source"]) == count(network.decoders["target"]) == decoder


def test_its_mask_branch_has_the_decoders_widths_and_no_residual_blocks():
    network = network_of(dfaker, learn_mask=True)
    assert count(network.masks["source"]) == 9_439_232 + 4_719_616 + 1_180_160 + 295_168 + 1_601
    assert not [module for module in network.masks.modules() if isinstance(module, Residual)]


@pytest.mark.parametrize("side", [128, 256])
def test_twice_the_size_is_painted(side):
    network = network_of(dfaker, resolution_px=side, learn_mask=True)
    made = rebuilt(network)
    assert network.input_px == side // 2
    assert made.pictures[0].shape == (2, 3, side, side)
    assert made.mask.shape == (2, 1, side, side)
    assert made.code.shape == (2, 512, 8, 8)


def test_a_size_between_is_refused():
    values = {"batch": 1, "learning_rate": 1e-4, "resolution_px": 192}
    with pytest.raises(SettingsError, match=r"resolution_px.*128 or 256") as refused:
        parse_section(dfaker.Settings, values, where="params.yaml: models.dfaker")
    assert "\n" not in str(refused.value)


def test_a_third_person_costs_a_third_decoder():
    assert count(network_of(dfaker, people=("ada", "bo", "cy"))) == 113_330_822 + 21_833_923


def test_residual_blocks_start_as_nearly_nothing():
    settings = model_settings("dfaker").model_validate({"learning_rate": 1e-3} | TINY["dfaker"] | {"width": 32})
    network = dfaker.Network(settings)
    start_weights(network, seed=1)
    blocks = [module for module in network.modules() if isinstance(module, Residual)]
    assert len(blocks) == 2 * 3
    widest = blocks[0]
    assert widest.first.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert widest.second.weight.var().item() == pytest.approx(0.2 / (9 * 128), rel=0.02)
