import pytest

from tests.models.counting import LEAST, count, network_of, rebuilt
from understudy.errors import SettingsError
from understudy.models import realface
from understudy.params import parse_section


def test_realface_and_its_parts_have_their_numbers_of_parameters():
    network = network_of(realface)
    assert count(network) == 238_241_676
    assert count(network.encoder) == 29_604_608
    assert count(network.bottlenecks["target"]) + count(network.decoders["target"]) == 64_196_041
    assert count(network.bottlenecks["source"]) + count(network.decoders["source"]) == 144_441_027


@pytest.mark.parametrize("input_px", [64, 80, 112, 128])
@pytest.mark.parametrize("output_px", [64, 96, 128, 160, 192, 224, 256])
def test_every_size_is_rebuilt_by_both_decoders(input_px, output_px):
    network = network_of(realface, input_px=input_px, output_px=output_px, learn_mask=True)
    for person in network.people:
        made = rebuilt(network, person)
        assert made.pictures[0].shape == (2, 3, output_px, output_px)
        assert made.mask.shape == (2, 1, output_px, output_px)


@pytest.mark.parametrize(
    ("sizes", "side"),
    [((64, 128), 4), ((128, 128), 8), ((64, 256), 8), ((64, 64), 4), ((64, 96), 3), ((128, 96), 6), ((64, 160), 5)],
)
def test_the_dense_layers_are_as_wide_as_doublings_and_the_encoder_ask(sizes, side):
    settings = realface.Settings(**LEAST, input_px=sizes[0], output_px=sizes[1])
    assert realface.code_side(settings) == side
    assert realface.decoder_widths(settings, is_small=False)[0] == (1024 - (side - 4) * 64) // 16 * 16


@pytest.mark.parametrize(
    ("sizes", "rule"),
    [({"input_px": 72}, "input_px: .*multiple of 16"), ({"output_px": 144}, "output_px: .*multiple of 32")],
)
def test_sizes_that_no_doublings_reach_are_refused(sizes, rule):
    with pytest.raises(SettingsError, match=rule) as refused:
        parse_section(realface.Settings, LEAST | sizes, where="params.yaml")
    assert "\n" not in str(refused.value)


def test_all_but_the_target_have_the_large_decoder():
    network = network_of(realface, people=("target", "ada", "bo"))
    sizes = [count(network.decoders[person]) for person in network.people]
    assert sizes[0] < sizes[1] == sizes[2]
