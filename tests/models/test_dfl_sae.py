import pytest
import torch

from tests.models.counting import count, network_of, rebuilt
from understudy.blocks.starts import start_weights
from understudy.errors import SettingsError
from understudy.models import dfl_sae
from understudy.params import parse_section

LEAST = {"batch": 1, "learning_rate": 1e-4}
SMALL = {"resolution_px": 64, "autoencoder_dims": 4, "encoder_dims": 1, "decoder_dims": 1}


def small(**changes):
    settings = dfl_sae.Settings.model_validate(LEAST | SMALL | changes)
    network = dfl_sae.Network(settings, people=("ada", "bo", "cy"))
    start_weights(network, seed=1)
    return network, torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def whose_faces_change(network, face, part):
    """The people who are rebuilt differently once the weights of `part` are nothing."""
    before = {person: network(face, person).pictures[-1] for person in network.people}
    for weight in part.parameters():
        weight.zero_()
    return {person for person in network.people if not torch.equal(network(face, person).pictures[-1], before[person])}


@pytest.mark.parametrize(
    ("multiscale", "parameters", "decoder"), [(False, 130_008_718, 27_023_853), (True, 130_122_130, 27_080_559)]
)
def test_df_has_its_number_of_parameters(multiscale, parameters, decoder):
    network = network_of(dfl_sae, multiscale_decoder=multiscale)
    assert count(network) == parameters
    assert count(network.encoder) + count(network.common) == 75_961_012
    assert count(network.decoders["source"]) == count(network.decoders["target"]) == decoder


def test_liae_has_its_number_of_parameters():
    network = network_of(dfl_sae, architecture="liae")
    assert count(network) == 121_746_593
    assert count(network.encoder) == 16_681_140
    assert count(network.common) == count(network.own["target"]) == 34_375_936
    assert count(network.decoders) == 36_313_581


@pytest.mark.parametrize(("architecture", "code"), [("df", 512), ("liae", 1024)])
def test_its_mask_branch_is_a_third_as_wide_as_the_decoder(architecture, code):
    network = network_of(dfl_sae, architecture=architecture, learn_mask=True)
    ups = [(code, 168), (168, 84), (84, 42)]
    expected = sum((9 * before + 1) * 4 * after for before, after in ups) + 25 * 42 + 1
    assert {count(mask) for mask in network.masks.values()} == {expected}


@pytest.mark.parametrize("side", [64, 80, 128, 256])
@pytest.mark.parametrize("architecture", ["df", "liae"])
def test_every_size_is_rebuilt_at_three_scales(side, architecture):
    changes = {"architecture": architecture, "resolution_px": side, "learn_mask": True}
    made = rebuilt(network_of(dfl_sae, **changes, multiscale_decoder=True))
    assert [picture.shape for picture in made.pictures] == [(2, 3, px, px) for px in (side // 4, side // 2, side)]
    assert made.mask.shape == (2, 1, side, side)
    assert made.code.shape == (2, 1024 if architecture == "liae" else 512, side // 8, side // 8)
    assert len(rebuilt(network_of(dfl_sae, **changes)).pictures) == 1


@pytest.mark.parametrize(("side", "rule"), [(100, "multiple of 16, found 100"), (272, "less than or equal to 256")])
def test_a_size_that_cannot_be_halved_four_times_or_is_too_large_is_refused(side, rule):
    with pytest.raises(SettingsError, match=f"resolution_px: .*{rule}") as refused:
        parse_section(dfl_sae.Settings, LEAST | {"resolution_px": side}, where="params.yaml: models.dfl_sae")
    assert "\n" not in str(refused.value)


def test_widths_follow_from_the_three_dims():
    made = network_of(dfl_sae, architecture="liae", autoencoder_dims=64, encoder_dims=21, decoder_dims=10)
    assert made.encoder[0].out_channels == 63
    assert made.common[1].out_features == 64
    assert rebuilt(made).code.shape[1] == 2 * 2 * 64
    assert made.decoders["everybody"].pictures[0].convolution.in_channels == 60


def test_in_df_a_decoder_is_its_persons_alone():
    network, face = small()
    assert whose_faces_change(network, face, network.decoders["bo"]) == {"bo"}


def test_in_liae_all_but_the_first_have_a_half_of_their_own():
    network, face = small(architecture="liae")
    assert set(network.own) == {"bo", "cy"}
    code = network(face, "ada").code
    common, own = code[:, 8:], network(face, "bo").code
    assert torch.equal(code[:, :8], common)
    assert torch.equal(own[:, 8:], common)
    assert not torch.equal(own[:, :8], common)


def test_in_liae_a_half_is_its_persons_alone_and_the_decoder_everybodys():
    network, face = small(architecture="liae")
    assert whose_faces_change(network, face, network.own["bo"]) == {"bo"}
    assert whose_faces_change(network, face, network.decoders) == {"ada", "bo", "cy"}
