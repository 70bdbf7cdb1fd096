from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy import losses
from understudy.similarity import ssim_map

FOLDER = Path(losses.__file__).parent
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")


def loss_named(name):
    return getattr(import_module(f"understudy.losses.{name}"), name)


def pictures(number=2, side=12, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(number, 3, side, side, generator=generator, dtype=dtype)


def weights(number=2, side=12):
    return torch.linspace(0.1, 1, side, dtype=torch.float64).expand(number, 1, side, side)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_zero_at_equality(name):
    same = pictures()
    assert loss_named(name)(same, same.clone(), weight_B1HW=weights()).item() == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_is_positive_where_pictures_differ(name):
    assert loss_named(name)(pictures(seed=1), pictures(seed=2), weight_B1HW=weights()).item() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_has_the_gradient_of_its_values(name):
    loss, wanted = loss_named(name), pictures(1, 6, seed=2)
    painted = pictures(1, 6, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: loss(each, wanted, weight_B1HW=weights(1, 6)), painted)


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_does_not_see_what_has_no_weight(name):
    painted, wanted = pictures(side=40), pictures(side=40, seed=5)
    wanted[..., :20] = painted[..., :20]
    weight = torch.zeros(2, 1, 40, 40, dtype=torch.float64)
    weight[..., :12] = 1
    assert loss_named(name)(painted, wanted, weight_B1HW=weight).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_the_mean_of_its_pictures(name):
    loss, painted, wanted = loss_named(name), pictures(4), pictures(4, seed=7)
    whole = loss(painted, wanted, weight_B1HW=weights(4))
    halves = [loss(painted[rows], wanted[rows], weight_B1HW=weights()) for rows in (slice(0, 2), slice(2, 4))]
    assert whole.item() == pytest.approx(sum(half.item() for half in halves) / 2, rel=1e-12)


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
