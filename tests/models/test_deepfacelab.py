"""df and liae, as DeepFaceLab has them."""

from itertools import permutations

import pytest
import torch

from tests.models.cartoons import cartoon_faces
from tests.models.counting import LEAST, MASKED, count, network_of, rebuilt
from understudy.blocks.deepfacelab import Decoder, RootMeanSquare, Waves, encoder
from understudy.blocks.starts import start_weights
from understudy.errors import SettingsError
from understudy.group import Group
from understudy.model import model_settings
from understudy.models import amp, df, liae
from understudy.params import parse_section
from understudy.sections import read_params
from understudy.training import TrainingSettings, train
from understudy.workers import workers

CPU = torch.device("cpu")

SMALL = {"resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32}
COUNTS = [
    (128, df, "", 57_538_432, 4_306_560, 14_959_872, 19_136_000),
    (128, df, "d", 54_470_998, 4_306_560, 11_801_856, 19_181_291),
    (128, df, "t", 90_783_616, 15_654_144, 6_308_096, 34_410_688),
    (128, df, "dt", 87_716_182, 15_654_144, 3_150_080, 34_455_979),
    (128, liae, "", 94_963_328, 4_306_560, 26_249_472, 38_157_824),
    (128, liae, "d", 82_376_555, 4_306_560, 19_933_440, 38_203_115),
    (128, liae, "t", 90_124_224, 15_654_144, 10_518_784, 53_432_512),
    (128, liae, "dt", 77_537_451, 15_654_144, 4_202_752, 53_477_803),
    (256, df, "", 95_336_320, 4_306_560, 52_757_760, 19_136_000),
    (256, df, "d", 82_794_838, 4_306_560, 40_125_696, 19_181_291),
    (256, df, "t", 109_707_136, 15_654_144, 25_231_616, 34_410_688),
    (256, df, "dt", 97_165_654, 15_654_144, 12_599_552, 34_455_979),
    (256, liae, "", 195_823_232, 4_306_560, 76_679_424, 38_157_824),
    (256, liae, "d", 145_340_267, 4_306_560, 51_415_296, 38_203_115),
    (256, liae, "t", 153_235_392, 15_654_144, 42_074_368, 53_432_512),
    (256, liae, "dt", 102_752_427, 15_654_144, 16_810_240, 53_477_803),
]
COMBINATIONS = ["".join(letter for bit, letter in enumerate("udtc") if number >> bit & 1) for number in range(16)]
ALLOWED = [(options, side) for options in COMBINATIONS for side in (64, 160, 224, 640)]
ALLOWED += [(options, side) for options in ("", "u", "c", "uc") for side in (80, 144, 176)]


@pytest.mark.parametrize(("side", "family", "options", "total", "encoding", "inter", "decoder"), COUNTS)
@pytest.mark.parametrize("also", ["", "u", "c", "uc"])
def test_every_family_has_its_number_of_parameters(side, family, options, also, total, encoding, inter, decoder):
    network = network_of(family, resolution_px=side, options=options + also)
    assert count(network) == total
    assert count(network.encoder) == encoding
    inters, decoders = _parts(network)
    assert [count(each) for each in inters] == [inter] * (2 if family is liae else 1)
    assert [count(each) for each in decoders] == [decoder] * (1 if family is liae else 2)


def test_quick96_is_a_choice_of_df():
    quick = network_of(df, resolution_px=96, options="ud", ae_dims=128, d_mask_dims=16)
    assert count(quick) == 38_294_330
    assert rebuilt(quick).pictures[0].shape == (2, 3, 96, 96)


def test_the_dimensions_of_the_largest_known_training_have_their_count():
    large = network_of(liae, options="udt", resolution_px=256, e_dims=64, ae_dims=512, d_dims=64, d_mask_dims=32)
    assert count(large) == 203_249_581


@pytest.mark.parametrize("family", [df, liae])
@pytest.mark.parametrize(("options", "side"), ALLOWED)
def test_every_combination_rebuilds_every_side_it_allows(family, options, side):
    network = network_of(family, **SMALL | {"resolution_px": side}, options=options, learn_mask=True)
    made = rebuilt(network)
    assert made.pictures[0].shape == (2, 3, side, side)
    assert made.mask.shape == (2, 1, side, side)


@pytest.mark.parametrize(
    ("options", "side", "said"),
    [
        ("", 136, "must be a multiple of 16, which four halvings ask for; take 128 or 144"),
        ("d", 144, "must be a multiple of 32, which the options d and t ask for; take 128 or 160"),
        ("ut", 144, "must be a multiple of 32, which the options d and t ask for; take 128 or 160"),
        ("t", 72, "must be a multiple of 32, which the options d and t ask for; take 64 or 96"),
        ("udtc", 656, "less than or equal to 640"),
        ("", 48, "greater than or equal to 64"),
    ],
)
@pytest.mark.parametrize("family", ["df", "liae"])
def test_a_side_that_cannot_be_is_refused_with_the_rule(family, options, side, said):
    values = LEAST | {"resolution_px": side, "options": options}
    with pytest.raises(SettingsError, match=said) as refused:
        parse_section(model_settings(family), values, where=f"params.yaml: models.{family}")
    assert str(refused.value).startswith(f"params.yaml: models.{family}.resolution_px: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("options", ["x", "uu", "ud-t", "U"])
def test_options_that_are_none_are_refused(options):
    with pytest.raises(SettingsError, match="options are letters of u, d, t and c, each once at most, found"):
        parse_section(df.Settings, LEAST | {"options": options}, where="params.yaml: models.df")


def test_the_order_of_options_does_not_matter():
    made = {df.Settings(**LEAST, options="".join(order)).options for order in permutations("udtc")}
    assert made == {"udtc"}


@pytest.mark.parametrize("changes", [{"e_dims": 17}, {"d_dims": 14}, {"ae_dims": 16}, {"d_mask_dims": 300}])
def test_dimensions_outside_their_range_are_refused(changes):
    with pytest.raises(SettingsError, match=f"models.liae.{next(iter(changes))}: "):
        parse_section(liae.Settings, LEAST | changes, where="params.yaml: models.liae")


@pytest.mark.parametrize(("d_dims", "mask_dims"), [(64, 22), (48, 16), (16, 16), (80, 26)])
def test_the_mask_branch_has_a_third_of_the_decoders_width_made_even(d_dims, mask_dims):
    assert df.Settings(**LEAST, d_dims=d_dims).mask_dims == mask_dims


def test_the_deepest_code_of_u_has_a_mean_square_of_one():
    network = encoder(16, options="u")
    start_weights(network, seed=1)
    flat = network(torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)))
    mean_squares = RootMeanSquare()(7 * flat).square().mean(1)
    assert torch.allclose(mean_squares, torch.ones(2), atol=1e-4)
    assert torch.allclose(flat.square().mean(1), torch.ones(2), atol=0.02)


def test_c_takes_waves_everywhere():
    assert Waves()(torch.tensor([2.0])).item() == pytest.approx(2 * -0.4161468)
    kinds = {type(module).__name__ for module in network_of(liae, **SMALL, options="tc").modules()}
    assert "Waves" in kinds
    assert "Leaky" not in kinds


@pytest.mark.parametrize(("head", "row", "column"), [(0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 1, 1)])
def test_each_convolution_of_d_fills_its_own_of_four_pixels(head, row, column):
    decoder = Decoder(32, 16, 16, options="d")
    start_weights(decoder, seed=1)
    code = torch.rand(1, 32, 2, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = decoder(code)
        decoder.heads[head].bias[1] += 1
        changed = decoder(code) != before
    assert changed[0, 1, row::2, column::2].all()
    assert changed.sum() == changed[0, 1, row::2, column::2].numel()
    assert [each.kernel_size[0] for each in decoder.heads] == [1, 3, 3, 3]


def test_halvings_pad_two_on_every_side():
    halve = encoder(16, options="")[0]
    with torch.no_grad():
        halve.weight.zero_()
        halve.weight[:, 0, 2, 2] = 1
        halve.bias.zero_()
        picture = torch.arange(64 * 64, dtype=torch.float32).view(1, 1, 64, 64).expand(1, 3, 64, 64)
        assert torch.equal(halve(picture)[0, 0], picture[0, 0, ::2, ::2])


@pytest.mark.parametrize("family", [df, liae])
def test_weights_start_within_glorots_bound(family):
    network = family.Network(family.Settings(**LEAST, **SMALL, options="udt"))
    start_weights(network, seed=1)
    for module in network.modules():
        if hasattr(module, "start"):
            taps = module.weight[0, 0].numel()
            bound = (6 / (taps * sum(module.weight.shape[:2]))) ** 0.5
            assert 0.6 * bound < module.weight.abs().max() <= bound
            assert not module.bias.any()


def test_the_source_of_liae_has_no_inter_of_its_own():
    network = liae.Network(liae.Settings(**LEAST, **SMALL), people=("ada", "bo", "cy"))
    start_weights(network, seed=1)
    faces = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before = {person: network(faces, person) for person in ("ada", "bo", "cy")}
        swapped = network.swap(faces, source="ada", target="bo", morph=1.0)
        assert torch.equal(before["ada"].code[:, :64], before["ada"].code[:, 64:])
        assert torch.equal(swapped.code, before["ada"].code)
        network.own["bo"][1].bias += 1
        after = {person: network(faces, person) for person in ("ada", "bo", "cy")}
    assert torch.equal(after["ada"].code, before["ada"].code)
    assert torch.equal(after["cy"].code, before["cy"].code)
    assert torch.equal(after["bo"].code[:, 64:], before["bo"].code[:, 64:])
    assert not torch.equal(after["bo"].code[:, :64], before["bo"].code[:, :64])


def test_the_people_of_df_share_all_but_the_decoder():
    network = network_of(df, people=("ada", "bo", "cy"))
    assert count(network) == 54_470_998 + 19_181_291


@pytest.mark.parametrize("family", [df, liae])
@pytest.mark.parametrize("learn_mask", [True, False])
def test_the_mask_branch_learns_when_asked_and_idles_otherwise(family, learn_mask):
    network = family.Network(family.Settings(**LEAST | SMALL | (MASKED if learn_mask else {})))
    start_weights(network, seed=1)
    made = network(torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)), "source")
    assert (made.mask is not None) == learn_mask
    total = made.pictures[0].mean() + (made.mask.mean() if learn_mask else 0)
    total.backward()
    _, decoders = _parts(network)
    branch = [weight.grad for name, weight in decoders[0].named_parameters() if name.startswith("mask")]
    assert all((gradient is not None) == learn_mask for gradient in branch)


@pytest.mark.parametrize("family", [df, liae, amp])
def test_training_goes_on_beside_an_idle_mask_branch_with_the_same_bytes_on_two_threads(family, tmp_path):
    one, two = (_trained(family, tmp_path / str(threads), threads=threads) for threads in (1, 2))
    start = family.Model(family.Settings(**LEAST | SMALL | {"batch": 2}), seed=1, device=CPU).network.state_dict()
    idle = {name for name in start if "mask_" in name}
    assert idle
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert all(torch.equal(one[name], start[name]) == (name in idle) for name in one)


def _trained(family, folder, *, threads):
    model = family.Model(family.Settings(**LEAST | SMALL | {"batch": 2}), seed=1, device=CPU)
    given = {key: value for key, value in read_params()["swapper"].items() if key not in ("model", "min_faces")}
    short = {"steps": 2, "parts": 2, "weight_decay": 0, "measure_every": 2, "save_every": 2}
    with workers(threads) as team:
        model.begin(cartoon_faces("ada", number=6), cartoon_faces("bo", number=6, seed=3))
        train(
            model,
            TrainingSettings.model_validate(given | short),
            team=team,
            group=Group(CPU),
            folder=folder,
            on_save=lambda rows: None,
        )
    return model.network.state_dict()


def _parts(network):
    if hasattr(network, "decoders"):
        return [network.inter], list(network.decoders.values())
    return [network.shared, *network.own.values()], [network.decoder]
