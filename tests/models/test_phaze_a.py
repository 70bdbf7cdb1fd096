from typing import get_args

import pytest
import torch

from tests.models.counting import LEAST, count, count_with_statistics, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.norms import BatchNorm
from understudy.blocks.starts import start_weights
from understudy.errors import SettingsError
from understudy.models import phaze_a
from understudy.params import parse_section
from understudy.phaze_a.presets import PRESETS, Preset
from understudy.randomness import torch_generator

ROWS = {  # of each preset: sides seen and painted, all parameters, encoder, fully connected part, decoder
    "original": (64, 64, 82_062_470, 33_992_960, 35_670_016, 6_199_747),
    "lightweight": (64, 64, 51_066_374, 20_884_224, 8_922_112, 10_630_019),
    "iae": (64, 64, 117_816_003, 17_214_720, 25_175_040, 25_076_163),
    "dfaker": (64, 128, 113_330_822, 33_992_960, 35_670_016, 21_833_923),
    "dfl-h128": (128, 128, 107_716_102, 50_769_664, 26_249_216, 15_348_611),
    "dfl-sae-df": (128, 128, 129_755_834, 49_711_796, 26_249_216, 26_897_411),
    "dfl-sae-liae": (128, 128, 121_620_151, 16_681_140, 34_375_936, 36_187_139),
    "dfl-saehd-df": (128, 128, 52_897_926, 4_306_560, 14_959_872, 16_815_747),
    "dfl-saehd-liae": (128, 128, 87_777_027, 4_306_560, 26_249_472, 30_971_523),
    "dny256": (256, 256, 29_885_750, 13_895_440, 11_274_240, 2_358_035),
    "dny512": (512, 512, 39_324_982, 18_615_056, 15_993_856, 2_358_035),
    "dny1024": (1024, 1024, 53_483_830, 23_334_672, 15_993_856, 7_077_651),
}


@pytest.mark.parametrize(("preset", "row"), ROWS.items())
def test_every_preset_and_its_parts_have_their_numbers_of_parameters(preset, row):
    network = network_of(phaze_a, preset=preset)
    assert (network.input_px, *network.outputs_px) == row[:2]
    assert count(network) == row[2]
    assert count(network.encoder) == row[3]
    assert {count(part) for part in network.fcs.values()} == {row[4]}
    assert {count(part) for part in network.decoders.values()} == {row[5]}
    assert rebuilt(network, faces=1).pictures[0].shape == (1, 3, row[1], row[1])


def test_every_preset_has_a_name_to_choose_it_by():
    assert set(get_args(Preset)) == PRESETS.keys()


def test_the_default_and_its_parts_have_theirs():
    network = network_of(phaze_a)
    assert count(network) == 123_766_211
    assert count(network.encoder) == 33_992_960
    assert [count(part) for part in network.fcs.values()] == [16_793_600, 16_793_600]
    assert count(network.fc_gblock) == 1_050_112
    assert [count(part) for part in network.gblocks.values()] == [23_864_832]
    assert [count(part) for part in network.decoders.values()] == [31_271_107]


def settings_of(**changes):
    return parse_section(phaze_a.Settings, LEAST | changes, where="params.yaml: models.phaze_a")


def test_what_is_said_stands_above_the_preset_also_within_a_part():
    settings = settings_of(preset="dfaker", output_px=256, decoder={"res_blocks": 3})
    preset = PRESETS["dfaker"]
    assert settings.output_px == 256
    assert settings.decoder.res_blocks == 3
    assert settings.decoder.gaussian is preset["decoder"]["gaussian"]
    assert settings.fc.upsampler == preset["fc"]["upsampler"]


def test_settings_that_were_written_down_read_the_same():
    settings = settings_of(preset="dny256", decoder={"gaussian": True})
    assert phaze_a.Settings.model_validate(settings.model_dump()) == settings


CHOICES = [
    *({"decoder": {"upscaling": each}} for each in ("subpixel", "resize_images", "fast", "hybrid", "dny")),
    *({"decoder": {"norm": each}} for each in ("batch", "group", "instance", "layer", "rms")),
    *({"bottleneck": {"kind": each}} for each in ("dense", "average_pooling", "max_pooling", "flatten")),
    *({"bottleneck": {"norm": each, "in_encoder": False}} for each in ("instance", "layer", "rms")),
    *({"fc": {"upsampler": each, "upsamples": 2}} for each in ("upsample2d", "subpixel", "resize_images", "hybrid")),
    *({"decoder": {"slope_mode": each}} for each in ("full", "cap_max", "cap_min")),
    {"shared_fc": "full"},
    {"shared_fc": "half"},
    {"split_fc": False, "split_decoders": True},
    {"split_fc": False, "split_gblock": True},
    {"enable_gblock": False},
    {"fc": {"depth": 3, "min_filters": 256, "dropout": 0.5}},
    {"decoder": {"upscalings_in_fc": 2}},
    {"decoder": {"upscalings_in_fc": 1, "upscaling": "dny"}},
    {"decoder": {"skip_last_residual": False, "res_blocks": 2, "output_kernel": 3}},
]


@pytest.mark.parametrize("changes", CHOICES, ids=str)
def test_every_choice_makes_a_network_that_rebuilds_and_masks(changes):
    made = rebuilt(network_of(phaze_a, learn_mask=True, **changes), faces=1)
    assert made.pictures[0].shape == (1, 3, 128, 128)
    assert made.mask.shape == (1, 1, 128, 128)


@pytest.mark.parametrize("output_px", [64, 80, 96, 112, 144, 208, 384, 448, 832, 2048])
def test_outputs_that_are_no_power_of_two_are_reached_too(output_px):
    assert rebuilt(network_of(phaze_a, output_px=output_px), faces=1).pictures[0].shape[-1] == output_px


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"preset": "dfl"}, "preset: .*'dfl-h128'"),
        ({"split_fc": False}, "nobody is told apart; set split_fc"),
        ({"split_fc": False, "split_decoders": True, "shared_fc": "half"}, "stands beside split parts"),
        ({"decoder": {"min_filters": 500, "max_filters": 300}}, "min_filters of 500 is more than max_filters"),
        ({"fc": {"dimensions": 16, "upsamples": 4}, "output_px": 64}, "fc: .*256 pixels wide.*lower dimensions"),
        ({"fc": {"depth": 0}}, "fc.depth: .*16384 values.*has 1024"),
        ({"output_px": 1040}, "output_px: 1040 halves to 65"),
        ({"decoder": {"upscalings_in_fc": 4}}, "upscalings_in_fc: 4 of 4 doublings"),
        ({"preset": "dny256", "encoder": {"depth": 9}}, "encoder.depth: 9 steps leave 1 of 256"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_one_line(changes, said):
    with pytest.raises(SettingsError, match=said) as refused:
        parsed = settings_of(**changes)
        with torch.device("meta"):
            phaze_a.Network(parsed)
    assert "\n" not in str(refused.value)


def tiny(people=("source", "target"), **changes):
    network = phaze_a.Network(phaze_a.Settings.model_validate(LEAST | TINY["phaze_a"] | changes), people=people)
    start_weights(network, seed=1)
    return network


def faces(px=32):
    return torch.rand(2, 3, px, px, generator=torch_generator(1, "faces"))


def painted(network, person):
    return network(faces(), person).pictures[0].detach()


def those_who_change(network, part):
    """The people whose rebuilt faces look different once one layer of a part is another."""
    before = {person: painted(network, person) for person in network.people}
    layer = next(each for each in part.modules() if isinstance(each, torch.nn.Linear))
    with torch.no_grad():
        layer.weight.add_(1)
    return {person for person in network.people if not torch.equal(painted(network, person), before[person])}


def test_full_sharing_lets_everybody_go_through_the_shared_part_and_their_own():
    network = tiny(shared_fc="full", people=("source", "target", "ada"))
    assert those_who_change(network, network.fc_shared) == {"source", "target", "ada"}
    assert those_who_change(network, network.fcs["ada"]) == {"ada"}


def test_half_sharing_lets_everybody_go_through_the_targets_part():
    network = tiny(shared_fc="half", people=("source", "target", "ada"))
    assert those_who_change(network, network.fcs["target"]) == {"source", "target", "ada"}
    assert those_who_change(network, network.fcs["source"]) == {"source"}
    code = tiny(shared_fc="half", enable_gblock=False)(faces(), "target").code
    assert torch.equal(*code.chunk(2, 1))


def test_swapping_gives_the_targets_faces_the_sources_parts():
    network = tiny()
    swapped = network.swap(faces(), source="source", target="target", morph=1.0).pictures[0]
    assert torch.equal(swapped, network(faces(), "source").pictures[0])
    assert not torch.equal(swapped, network(faces(), "target").pictures[0])


def test_the_style_reaches_the_picture():
    network = tiny()
    assert those_who_change(network, network.fc_gblock) == {"source", "target"}


def test_noise_is_of_learning_alone_and_can_be_replayed():
    network = tiny()

    def learnt(seed):
        return network.learn({"source": faces()}, generator=torch_generator(seed, "chance"))["source"].pictures[0]

    assert torch.equal(learnt(1), learnt(1))
    assert not torch.equal(learnt(1), learnt(2))
    assert torch.equal(network(faces(), "source").pictures[0], network(faces(), "source").pictures[0])


def test_batch_norms_have_two_statistics_a_channel_beside_their_scales_and_shifts():
    network = tiny(decoder={"norm": "batch", "min_filters": 8, "max_filters": 16})
    norms = [each for each in network.modules() if isinstance(each, BatchNorm)]
    channels = sum(norm.scale.numel() for norm in norms)
    assert count_with_statistics(network) - count(network) == 2 * channels > 0
