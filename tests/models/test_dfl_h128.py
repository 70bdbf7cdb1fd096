import pytest

from tests.models.counting import count, network_of, rebuilt
from understudy.errors import SettingsError
from understudy.models import dfl_h128
from understudy.params import parse_section


@pytest.mark.parametrize(
    ("lowmem", "parameters", "encoder", "decoder"),
    [(False, 107_716_102, 77_018_880, 15_348_611), (True, 48_244_102, 40_563_200, 3_840_451)],
)
def test_dfl_h128_has_its_number_of_parameters(lowmem, parameters, encoder, decoder):
    network = network_of(dfl_h128, lowmem=lowmem)
    assert count(network) == parameters
    assert count(network.encoder) == encoder
    assert count(network.decoders["source"]) == count(network.decoders["target"]) == decoder


def test_its_mask_branch_has_the_decoders_widths():
    network = network_of(dfl_h128, learn_mask=True)
    assert count(network.masks["source"]) == 15_348_611 - (3 - 1) * (25 * 128 + 1)


@pytest.mark.parametrize(("lowmem", "channels"), [(False, 512), (True, 256)])
def test_faces_of_128_pixels_are_rebuilt_from_a_code_of_16_by_16(lowmem, channels):
    made = rebuilt(network_of(dfl_h128, lowmem=lowmem, learn_mask=True))
    assert made.pictures[0].shape == (2, 3, 128, 128)
    assert made.mask.shape == (2, 1, 128, 128)
    assert made.code.shape == (2, channels, 16, 16)


def test_a_code_that_cannot_be_halved_to_the_end_is_refused():
    values = {"batch": 1, "learning_rate": 1e-4, "code_dims": 100}
    with pytest.raises(SettingsError, match=r"code_dims.*multiple of 8, found 100"):
        parse_section(dfl_h128.Settings, values, where="params.yaml: models.dfl_h128")


def test_a_third_person_costs_a_third_decoder():
    assert count(network_of(dfl_h128, people=("ada", "bo", "cy"))) == 107_716_102 + 15_348_611
