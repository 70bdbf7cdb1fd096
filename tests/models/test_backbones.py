"""Encoders of a library; the lightest of them stands for all where something is computed."""

from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
import torch
from safetensors.torch import save_file

from tests.models.cartoons import cartoon_faces
from tests.models.counting import LEAST, count, count_with_statistics, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.norms import BatchNorm
from understudy.errors import AnalysisError, ModelError, SettingsError
from understudy.files import sha256_of
from understudy.model import make_model
from understudy.models import phaze_a
from understudy.params import parse_section
from understudy.phaze_a.architectures import ARCHITECTURES, Architecture
from understudy.phaze_a.backbones import Backbone, library_chance, made_of, timm_library
from understudy.randomness import torch_generator

LIGHT = "mobilenet_v3_small"
KERAS = {  # values of the origin's encoders, statistics of batch norms included
    "convnext_tiny": 27_820_128,
    "efficientnet_b4": 17_673_823 - 7,  # three means, three variances and a count of its input, which are constants
    "efficientnet_v2_s": 20_331_360,
    "mobilenet_v3_large": 2_996_352,
    "vgg16": 14_714_688,
    "xception": 20_861_480,
}
FAMILIES = (
    "clipv_vit_b_32",
    "clipv_vit_l_14",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_b0",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "nasnet_large",
    "resnet50",
    "resnet50_v2",
    "vgg16",
    "xception",
)
CLIPFAKER = {  # sides seen and painted, all parameters, encoder, fully connected part, decoder
    "clipfaker128": (64, 128, 157_003_654, 86_054_400, 27_281_408, 21_833_923),
    "clipfaker256": (128, 256, 251_424_646, 86_091_264, 27_281_408, 69_025_987),
    "clipfaker448": (224, 448, 285_805_830, 86_192_640, 23_812_480, 87_900_355),
}


@pytest.mark.parametrize(("name", "values"), KERAS.items())
def test_encoders_have_their_origins_number_of_values(name, values):
    known = ARCHITECTURES[name]
    with torch.device("meta"):
        assert count_with_statistics(Backbone(known, known.seen_px(100), frozen=False)) == values


@pytest.mark.parametrize(("preset", "row"), CLIPFAKER.items())
def test_the_clipfakers_and_their_parts_have_theirs(preset, row):
    network = network_of(phaze_a, preset=preset)
    assert (network.input_px, *network.outputs_px) == row[:2]
    assert count(network) == row[2]
    assert count(network.encoder) == row[3]
    assert [count(part) for part in network.fcs.values()] == [row[4]]
    assert {count(part) for part in network.decoders.values()} == {row[5]}
    assert rebuilt(network, faces=1).pictures[0].shape[-1] == row[1]


def test_stojo_has_all_but_the_seven_constants_of_its_encoders_input():
    network = network_of(phaze_a, preset="stojo")
    assert count_with_statistics(network) == 217_495_042 - 7
    assert count_with_statistics(network.encoder) == 62_632_031 - 7
    assert [count(part) for part in network.fcs.values()] == [42_024_960, 42_024_960]
    assert count(network.fc_gblock) == 787_968
    assert [count(part) for part in network.gblocks.values()] == [36_187_648]
    assert [count(part) for part in network.decoders.values()] == [33_837_475]
    assert rebuilt(network, faces=1).pictures[0].shape == (1, 3, 256, 256)


def test_sym384_and_its_parts_have_theirs():
    network = network_of(phaze_a, preset="sym384")
    assert count_with_statistics(network) == 215_556_822
    assert count_with_statistics(network.encoder) == 20_331_360
    assert [count(part) for part in network.fcs.values()] == [177_561_600]
    assert [count(part) for part in network.decoders.values()] == [8_831_931, 8_831_931]
    assert network.input_px == rebuilt(network, faces=1).pictures[0].shape[-1] == 384


def test_the_library_knows_every_encoder():
    known = {each.timm for name, each in ARCHITECTURES.items() if name != "fs_original"}
    assert known <= set(timm_library().list_models())
    assert set(get_args(Architecture)) == ARCHITECTURES.keys()


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_makes_features_at_its_least_side(name):
    channels, side = made_of(ARCHITECTURES[name], ARCHITECTURES[name].seen_px(1))
    assert channels >= 512
    assert side >= 1


def light(seed=1):
    with library_chance(seed):
        return Backbone(ARCHITECTURES[LIGHT], 32, frozen=False)


def faces():
    return torch.rand(2, 3, 32, 32, generator=torch_generator(1, "faces"))


def test_the_seed_alone_decides_how_it_starts_and_torchs_own_chance_goes_on():
    before = torch.random.get_rng_state()
    first, second, other = light(1).state_dict(), light(1).state_dict(), light(2).state_dict()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_learning_changes_nothing_but_sees_the_batch():
    backbone = light()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    learnt = backbone(faces(), torch_generator(1, "chance"))
    assert not torch.allclose(learnt, backbone(faces()))
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())


def test_threads_that_learn_and_threads_that_paint_do_not_disturb_each_other():
    backbone = light()
    chances = [torch_generator(1, "chance"), None] * 4
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda chance: backbone(faces(), chance), chances))
    learnt, painted = backbone(faces(), chances[0]), backbone(faces())
    assert all(torch.equal(each, learnt) for each in made[::2])
    assert all(torch.equal(each, painted) for each in made[1::2])


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights as the library's, and what the library's encoder makes of our faces with them."""
    with library_chance(5):
        theirs = timm_library().create_model(ARCHITECTURES[LIGHT].timm)
    for name, buffer in theirs.named_buffers():
        if name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=torch_generator(1, name)) + 0.5)
    path = tmp_path_factory.mktemp("weights") / "light.safetensors"
    save_file(theirs.state_dict(), path)
    theirs.eval()
    with torch.no_grad():
        return path, theirs.forward_features((faces() - 0.5) / 0.5)


def model_with(path, **encoder):
    values = LEAST | TINY["phaze_a"]
    values["encoder"] = {"architecture": LIGHT, "scaling": 1, "weights": str(path), "sha256": sha256_of(path)} | encoder
    model = make_model("phaze_a", phaze_a.Settings.model_validate(values), seed=1, device=torch.device("cpu"))
    model.begin(cartoon_faces("ada", number=6), cartoon_faces("bo", number=6))
    return model


def test_weights_of_a_file_make_the_librarys_own_features(weights):
    path, wanted = weights
    backbone = model_with(path, frozen=True).network.backbone()
    assert torch.allclose(backbone(faces()), wanted, atol=1e-4)
    assert torch.equal(backbone(faces(), torch_generator(1, "chance")), backbone(faces()))


def test_a_frozen_encoder_stays_as_it_is(weights):
    model = model_with(weights[0], frozen=True)
    backbone = model.network.backbone()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    groups = [{**group, "lr": 1e-3 * group.get("rate", 1.0)} for group in model.parameter_groups()]
    assert sum(len(group["params"]) for group in groups) == len(list(model.network.parameters()))
    optimizer = torch.optim.AdamW(groups)
    total = torch.stack(list(model.losses(step=0, part=0, faces=2).values())).sum()
    parameters = list(model.network.parameters())
    gradients = torch.autograd.grad(total, parameters, allow_unused=True, materialize_grads=True)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    model.validation()
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())
    assert any(gradient.any() for gradient in gradients)


def test_an_encoder_that_learns_on_has_batch_norms_of_our_faces(weights):
    model = model_with(weights[0])
    norm = next(each for each in model.network.backbone().modules() if isinstance(each, BatchNorm))
    before = norm.variance.clone()
    model.validation()
    assert not torch.equal(norm.variance, before)


def test_weights_that_are_others_are_refused_in_one_line(weights, tmp_path):
    with pytest.raises(AnalysisError, match="expected 0000"):
        model_with(weights[0], sha256="0" * 64)
    other = tmp_path / "other.safetensors"
    save_file({"conv_stem.weight": torch.zeros(16, 3, 3, 3)}, other)
    with pytest.raises(ModelError, match=r"no weights of tf_mobilenetv3_small_100: .* more are not there") as refused:
        model_with(other)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("encoder", "said"),
    [
        ({"architecture": LIGHT, "weights": "light.safetensors"}, "sha256 belong together"),
        ({"weights": "light.safetensors", "sha256": "0" * 64}, "fs_original has none"),
        ({"architecture": LIGHT, "frozen": True}, "without weights cannot but learn"),
        ({"architecture": "resnet18"}, "encoder.architecture: .*'resnet50'"),
    ],
)
def test_settings_of_encoders_that_do_not_fit_are_refused(encoder, said):
    with pytest.raises(SettingsError, match=said):
        parse_section(phaze_a.Settings, LEAST | {"encoder": encoder}, where="params.yaml: models.phaze_a")
