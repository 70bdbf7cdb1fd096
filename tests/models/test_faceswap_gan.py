import pytest
import torch

from tests.models.counting import LEAST, count, network_of, rebuilt
from understudy.blocks.attention import SelfAttention, WholeNorm
from understudy.blocks.starts import start_weights
from understudy.blocks.upscaling import Subpixel
from understudy.critics.conditional import Critic
from understudy.critics.conditional import Settings as CriticSettings
from understudy.errors import SettingsError
from understudy.judging import see
from understudy.models import faceswap_gan
from understudy.params import parse_section
from understudy.randomness import torch_generator

SMALL = {"width": 8, "nodes": 16}


@pytest.fixture
def faces():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def small(**changes):
    settings = faceswap_gan.Settings(**LEAST | SMALL | changes)
    network = faceswap_gan.Network(settings)
    start_weights(network, seed=1, icnr=settings.icnr)
    return network


@pytest.mark.parametrize(
    ("side", "lite", "parameters"),
    [
        (64, False, 71_732_354),
        (128, False, 81_548_302),
        (256, False, 91_364_250),
        (64, True, 10_896_914),
        (128, True, 19_918_110),
        (256, True, 20_549_674),
    ],
)
def test_the_painter_has_its_number_of_parameters(side, lite, parameters):
    assert count(network_of(faceswap_gan, resolution_px=side, lite=lite)) == parameters


@pytest.mark.parametrize("lite", [False, True])
@pytest.mark.parametrize(("side", "sides"), [(64, (64, 64)), (128, (64, 128, 128)), (256, (64, 128, 256, 256))])
def test_every_size_makes_a_picture_a_doubling_and_lays_the_last_over_the_input(side, sides, lite):
    network = network_of(faceswap_gan, resolution_px=side, lite=lite, **SMALL)
    made = rebuilt(network)
    assert network.outputs_px == sides
    assert [tuple(each.shape) for each in made.pictures] == [(2, 3, each, each) for each in sides]
    assert made.mask.shape == (2, 1, side, side)
    assert made.code.shape[2:] == (8, 8)


def test_other_sizes_are_refused():
    with pytest.raises(SettingsError, match="64, 128 or 256, found 96") as refused:
        parse_section(faceswap_gan.Settings, LEAST | {"resolution_px": 96}, where="params.yaml: models.faceswap_gan")
    assert "\n" not in str(refused.value)


def test_what_is_painted_lies_over_the_input_by_its_alpha(faces):
    network = small()
    with torch.no_grad():
        made = network(faces, "source")
        raw, laid = made.pictures[-2:]
        assert torch.allclose(laid, made.mask * raw + (1 - made.mask) * faces)
        network.decoders["source"].alpha.convolution.bias.fill_(-50)
        assert torch.allclose(network(faces, "source").pictures[-1], faces)
        network.decoders["source"].alpha.convolution.bias.fill_(50)
        made = network(faces, "source")
        assert torch.allclose(made.pictures[-1], made.pictures[-2])


def test_a_swap_is_the_sources_picture_over_the_targets_face(faces):
    network = small()
    with torch.no_grad():
        before = network.swap(faces, source="source", target="target", morph=1.0)
        network.decoders["target"].heads[-1].bias += 1
        assert torch.equal(network.swap(faces, source="source", target="target", morph=1.0).pictures[-1], before[0][-1])
        network.decoders["source"].heads[-1].bias += 1
        assert not torch.equal(network(faces, "source").pictures[-1], before[0][-1])


@pytest.mark.parametrize(("attention", "number"), [(True, 6), (False, 0)])
def test_attention_is_where_it_belongs_or_nowhere(attention, number):
    network = network_of(faceswap_gan, attention=attention)
    channels = [module.given.out_channels for module in network.modules() if isinstance(module, SelfAttention)]
    assert channels == [256, 512, 128, 64, 128, 64][:number]


def test_attention_starts_as_nothing_and_its_gain_learns():
    attention = SelfAttention(16)
    start_weights(attention, seed=1)
    features = torch.rand(2, 16, 8, 8, generator=torch.Generator().manual_seed(1))
    seen = attention(features)
    assert torch.equal(seen, features)
    seen.square().sum().backward()
    assert attention.gain.grad.item() != 0


def test_attention_gives_every_position_a_mean_of_all():
    """Against a loop over positions."""
    attention = SelfAttention(8).double()
    start_weights(attention, seed=2)
    with torch.no_grad():
        attention.gain.fill_(1)
        features = torch.rand(1, 8, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        asked, offered, given = (
            each(features)[0].flatten(1) for each in (attention.asked, attention.offered, attention.given)
        )
        for position in range(9):
            shares = torch.softmax(torch.stack([asked[:, position] @ offered[:, other] for other in range(9)]), 0)
            expected = features[0].flatten(1)[:, position] + given @ shares
            assert torch.allclose(attention(features)[0].flatten(1)[:, position], expected)


def test_the_norm_is_of_a_faces_whole_tensor():
    norm = WholeNorm()
    features = torch.rand(2, 4, 5, 5, generator=torch.Generator().manual_seed(1)) * torch.tensor([1, 9]).view(
        2, 1, 1, 1
    )
    normed = norm(features)
    assert torch.allclose(normed.mean((1, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(normed.var((1, 2, 3), correction=0), torch.ones(2), atol=1e-3)
    assert normed[0].mean((1, 2)).abs().max() > 0.01
    assert sum(each.numel() for each in norm.parameters()) == 2


def test_subpixel_layers_start_equal_within_a_block():
    network = small()
    layers = [module.convolution for module in network.modules() if isinstance(module, Subpixel)]
    assert layers
    for layer in layers:
        blocks = layer.weight.unflatten(0, (-1, 4))
        assert torch.equal(blocks, blocks[:, :1].expand_as(blocks))


def test_enlarging_sees_the_picture_mirrored():
    enlarge = faceswap_gan.Enlarged(2, 3)
    start_weights(enlarge, seed=1)
    features = torch.rand(1, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    large = torch.nn.functional.interpolate(features, scale_factor=2, mode="nearest")
    padded = torch.nn.functional.pad(large, (1, 1, 1, 1), mode="reflect")
    assert torch.allclose(
        enlarge(features), torch.nn.functional.conv2d(padded, enlarge.weight, enlarge.bias), atol=1e-6
    )


def test_its_critic_sees_the_picture_before_and_after(faces):
    network = small()
    critic = Critic(CriticSettings(base_dims=8), network=network)
    start_weights(critic, seed=2)
    wanted = {64: torch.rand(2, 6, 64, 64, generator=torch.Generator().manual_seed(3))}
    seen = {side: see(network(faces, side), inputs=faces, wanted=wanted) for side in ("source", "target")}
    loss = critic.painter_loss(seen, generator=torch_generator(1, "critic", 0))
    loss.backward()
    for side in ("source", "target"):
        assert network.decoders[side].heads[-1].weight.grad.any()
        assert network.decoders[side].alpha.convolution.weight.grad.any()
