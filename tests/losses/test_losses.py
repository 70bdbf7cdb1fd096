import inspect
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from understudy import losses
from understudy.files import sha256_of
from understudy.losses.dssim import dssim
from understudy.similarity import similarities, ssim_map

FOLDER = Path(losses.__file__).parent
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")
OF_PAINTED_ALONE = {"total_variation"}  # looks at nothing else, so that it is 0 where the painted picture is flat
WITH_FOCUS = {"focal_frequency"}  # a part of it passes no gradient on purpose: tested beside its values
LEAST_SIDE = {"lpips": 32, "ms_ssim": 16}
OTHERS = {  # another value for every option
    "background": {"share": 5.0, "sigma": 0.8},
    "dssim": {"window": 6, "sigma": 0.8, "stride": 2},
    "dssim_two_scales": {"large": 4.0, "small": 3.0, "two_from_px": 12, "sigma": 0.8},
    "flip": {
        "pixels_per_degree": 30.0,
        "color_exponent": 0.8,
        "feature_exponent": 0.6,
        "knee": 0.3,
        "height_at_knee": 0.8,
    },
    "focal_frequency": {"alpha": 0.5, "patches": 2, "logarithmic": True},
    "gmsd": {"stability": 0.1, "halved": False},
    "laplacian_pyramid": {"levels": 2, "window": 3, "sigma": 2.0, "falloff": 1.0},
    "log_cosh": {"scale": 0.1},
    "lpips": {},  # its files and networks are tested on their own
    "ms_ssim": {"window": 3, "sigma": 0.8, "powers": [0.5, 0.5]},
    "pixel_gradient": {"first": 2.0, "second": 0.5, "scale": 0.1},
    "robust": {"alpha": 0.5, "scale": 0.1},
    "smooth_l1": {"beta": 0.1},
    "style": {"radius_px": 3.0},
    "total_variation": {"power": 1.0},
}


@pytest.fixture(scope="module")
def loss_named(tmp_path_factory):
    """A loss by its name; lpips with a small network of random weights."""
    folder = tmp_path_factory.mktemp("weights")
    sizes = {0: (4, 3, 11, 11), 3: (5, 4, 5, 5), 6: (6, 5, 3, 3), 8: (5, 6, 3, 3), 10: (4, 5, 3, 3)}
    generator = torch.Generator().manual_seed(11)
    network = {f"features.{n}.weight": torch.randn(size, generator=generator) / 5 for n, size in sizes.items()}
    network |= {f"features.{n}.bias": torch.rand(size[0], generator=generator) for n, size in sizes.items()}
    counts = enumerate(size[0] for size in sizes.values())
    calibration = {f"lin{n}.model.1.weight": torch.rand(1, count, 1, 1, generator=generator) for n, count in counts}
    files = {"weights": folder / "net.safetensors", "calibration": folder / "lin.safetensors"}
    save_file(network, files["weights"])
    save_file(calibration, files["calibration"])
    hashes = {"sha256": sha256_of(files["weights"]), "calibration_sha256": sha256_of(files["calibration"])}

    def found(name):
        loss = getattr(import_module(f"understudy.losses.{name}"), name)
        return partial(loss, **files, **hashes) if name == "lpips" else loss

    return found


def pictures(number=2, side=12, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(number, 3, side, side, generator=generator, dtype=dtype)


def weights(number=2, side=12):
    return torch.linspace(0.1, 1, side, dtype=torch.float64).expand(number, 1, side, side)


def pair(name, number=2, side=12):
    """What was painted and what was wanted, alike but not the same, and weights; as large as a loss needs them."""
    side = max(side, LEAST_SIDE.get(name, side))
    wanted = 0.6 * pictures(number, side, seed=2)
    return 0.5 * wanted + 0.5 * pictures(number, side, seed=1), wanted, weights(number, side)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_zero_at_equality(name, loss_named):
    _, same, weight = pair(name)
    if name in OF_PAINTED_ALONE:
        same = torch.full_like(same, 0.3)
    assert loss_named(name)(same, same.clone(), weight_B1HW=weight).item() == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_positive_where_pictures_differ(name, loss_named):
    painted, wanted, weight = pair(name)
    assert loss_named(name)(painted, wanted, weight_B1HW=weight).item() > 0.003


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITH_FOCUS])
def test_a_loss_has_the_gradient_of_its_values(name, loss_named):
    painted, wanted, weight = pair(name, 1, 6)
    loss, large = loss_named(name), painted.shape[-1] > 6
    painted.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda each: loss(each, wanted, weight_B1HW=weight), painted, fast_mode=large, atol=1e-4 if large else 1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_a_number_at_equality(name, loss_named):
    _, same, weight = pair(name)
    painted = same.float().requires_grad_()
    loss_named(name)(painted, same.float(), weight_B1HW=weight.float()).backward()
    assert painted.grad.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_does_not_see_what_has_no_weight(name, loss_named):
    painted, wanted = pictures(side=40), pictures(side=40, seed=5)
    wanted[..., :20] = painted[..., :20]
    if name in OF_PAINTED_ALONE:
        painted[..., :20] = 0.3
    weight = torch.zeros(2, 1, 40, 40, dtype=torch.float64)
    weight[..., :12] = 1
    assert loss_named(name)(painted, wanted, weight_B1HW=weight).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_without_any_weight_costs_nothing(name, loss_named):
    painted, wanted, weight = pair(name)
    painted.requires_grad_()
    whole = loss_named(name)(painted, wanted, weight_B1HW=0 * weight)
    whole.backward()
    assert whole.item() == 0
    assert (painted.grad == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_does_not_change_with_the_height_of_equal_weights(name, loss_named):
    painted, wanted, weight = pair(name)
    low, high = (
        loss_named(name)(painted, wanted, weight_B1HW=torch.full_like(weight, height)) for height in (0.3, 4.0)
    )
    assert low.item() == pytest.approx(high.item(), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_the_mean_of_its_pictures(name, loss_named):
    loss, (painted, wanted, weight) = loss_named(name), pair(name, 4)
    whole = loss(painted, wanted, weight_B1HW=weight)
    halves = [loss(painted[rows], wanted[rows], weight_B1HW=weight[rows]) for rows in (slice(0, 2), slice(2, 4))]
    assert whole.item() == pytest.approx(sum(half.item() for half in halves) / 2, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_takes_two_pictures_a_weight_and_typed_options(name, loss_named):
    loss = getattr(import_module(f"understudy.losses.{name}"), name)
    taken = inspect.signature(loss).parameters
    assert list(taken)[:3] == ["painted_BCHW", "wanted_BCHW", "weight_B1HW"]
    assert {option.kind for option in list(taken.values())[2:]} == {inspect.Parameter.KEYWORD_ONLY}
    assert set(taken) <= set(get_type_hints(loss))
    without_files = {option for option in list(taken)[3:] if name != "lpips"}
    assert without_files == set(OTHERS.get(name, {})), "give another value for every option"


@pytest.mark.parametrize(("name", "option"), [(name, option) for name in OTHERS for option in OTHERS[name]])
def test_every_option_changes_the_loss_and_leaves_equality_alone(name, option, loss_named):
    painted, wanted, weight = pair(name, side=64)
    besides = {"two_from_px": 12} if option == "small" else {}
    loss = partial(loss_named(name), weight_B1HW=weight, **besides)
    other = {option: OTHERS[name][option]}
    assert loss(painted, wanted, **other).item() != pytest.approx(loss(painted, wanted).item(), rel=1e-6)
    flat = torch.full_like(wanted, 0.3) if name in OF_PAINTED_ALONE else wanted
    assert loss(flat, flat.clone(), **other).item() == 0


def test_similarity_is_that_of_its_definition():
    """Against windows summed one by one, away from the border."""
    first, second = (pictures(1, 21, seed=seed)[0, 0].numpy() for seed in (3, 4))
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2) / 4.5)
    window = np.outer(window, window) / window.sum() ** 2
    here, there = first[5:16, 5:16], second[5:16, 5:16]
    mean_h, mean_t = (window * here).sum(), (window * there).sum()
    var_h, var_t = (window * here**2).sum() - mean_h**2, (window * there**2).sum() - mean_t**2
    covariance = (window * here * there).sum() - mean_h * mean_t
    expected = (2 * mean_h * mean_t + 1e-4) * (2 * covariance + 9e-4)
    expected /= (mean_h**2 + mean_t**2 + 1e-4) * (var_h + var_t + 9e-4)
    found = ssim_map(torch.from_numpy(first)[None, None], torch.from_numpy(second)[None, None])
    assert found[0, 0, 10, 10].item() == pytest.approx(expected, rel=1e-9)


def test_a_stride_reads_every_so_manieth_window():
    painted, wanted = pictures(1, 20), pictures(1, 20, seed=9)
    every = ssim_map(painted, wanted)
    assert torch.allclose(ssim_map(painted, wanted, stride=3), every[..., ::3, ::3])


def test_the_faster_similarity_is_the_same():
    """Its blocks of 32 rows meet within a picture of 70 pixels."""
    painted, wanted = pictures(1, 70), pictures(1, 70, seed=9)
    means, structure = similarities(painted, wanted, window=11, sigma=1.5)
    assert torch.allclose(means * structure, ssim_map(painted, wanted), rtol=1e-10)


def test_an_even_window_is_centred_between_two_pixels():
    """A window of two pixels weighs both alike, whatever its width."""
    painted, wanted = pictures(1, 8), pictures(1, 8, seed=9)
    narrow, wide = (ssim_map(painted, wanted, window=2, sigma=sigma) for sigma in (0.3, 9.0))
    assert torch.allclose(narrow, wide)


def test_windows_of_eleven_pixels_are_what_dssim_has_by_default():
    painted, wanted, weight = pair("dssim", side=40)
    given = dssim(painted, wanted, weight_B1HW=weight, window=11, sigma=1.5, stride=1)
    assert torch.equal(given, dssim(painted, wanted, weight_B1HW=weight))
