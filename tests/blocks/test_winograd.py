import pytest
import torch
from torch.nn import functional

from tests.blocks.test_products import assert_same, tensors
from understudy.blocks import winograd
from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import start_weights
from understudy.workers import workers


@pytest.fixture(autouse=True)
def single_core():
    with workers(1):
        yield


@pytest.mark.parametrize("shape", [(1, 5, 2, 2), (3, 5, 4, 10), (5, 6, 32, 32)])
def test_values_and_gradients_are_those_of_the_convolution(shape, monkeypatch):
    monkeypatch.setattr(winograd, "TILES_AT_ONCE", 300)
    features, weight, bias = tensors(shape, (7, shape[1], 3, 3), (7,))
    wanted = functional.conv2d(features, weight, bias, padding=1)
    assert_same(winograd.convolve(features, weight, bias), wanted, [features, weight, bias])
    unbiased = functional.conv2d(features, weight, padding=1)
    assert_same(winograd.convolve(features, weight, None), unbiased, [features, weight])


@pytest.mark.parametrize(
    ("kernel", "before", "after"),
    [(5, 1, 2), (5, 2, 2), (4, 1, 1)],
)
@pytest.mark.parametrize("shape", [(1, 5, 4, 4), (5, 6, 16, 32)])
def test_every_other_pixel_of_larger_weights(shape, kernel, before, after, monkeypatch):
    monkeypatch.setattr(winograd, "TILES_AT_ONCE", 60)
    features, weight, bias = tensors(shape, (7, shape[1], kernel, kernel), (7,))
    padded = functional.pad(features, (before, after) * 2)
    made = winograd.convolve(features, weight, bias, stride=2, before=before)
    assert_same(made, functional.conv2d(padded, weight, bias, stride=2), [features, weight, bias])


def test_pixels_that_do_not_lie_in_order_in_memory_are_read_as_they_are():
    features, weight = tensors((2, 8, 6, 5), (7, 5, 3, 3))
    turned = features.permute(0, 3, 1, 2)[:, :, 1:7, ::3]
    assert_same(
        winograd.convolve(turned, weight, None), functional.conv2d(turned, weight, padding=1), [features, weight]
    )


def test_weights_or_features_that_do_not_learn_have_no_gradient():
    features, weight = tensors((2, 4, 6, 6), (4, 4, 3, 3))
    (of_features,) = torch.autograd.grad(winograd.convolve(features, weight.detach(), None).sum(), [features])
    (of_weight,) = torch.autograd.grad(winograd.convolve(features.detach(), weight, None).sum(), [weight])
    assert of_features.shape == features.shape
    assert of_weight.shape == weight.shape


def test_only_deep_layers_of_many_tiles_pay():
    features, odd, few, many = tensors((2, 256, 16, 16), (2, 256, 15, 16), (1, 256, 16, 16), (8, 256, 16, 16))
    weight, narrow, larger = tensors((256, 256, 3, 3), (64, 256, 3, 3), (256, 256, 5, 5))
    assert winograd.pays(features, weight, stride=1)
    assert not winograd.pays(odd, weight, stride=1)
    assert not winograd.pays(few, weight, stride=1)
    assert not winograd.pays(features, narrow, stride=1)
    assert not winograd.pays(features, larger, stride=1)
    assert winograd.pays(many, larger, stride=2)
    assert not winograd.pays(features, larger, stride=2)
    assert not winograd.pays(many, weight, stride=2)
    assert not winograd.pays(many, larger, stride=3)
    assert not winograd.pays(features.double(), weight, stride=1)
    with torch.no_grad():
        assert not winograd.pays(features, weight, stride=1)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "around"),
    [(3, 1, "keras", (1, 1)), (5, 2, "keras", (1, 2)), (5, 2, "symmetric", (2, 2))],
)
def test_a_layer_learns_so_and_paints_directly(kernel, stride, padding, around):
    layer = Convolution(256, 256, kernel, stride=stride, padding=padding)
    start_weights(layer, seed=1)
    features = tensors((8, 256, 16, 16))[0]
    wanted = functional.conv2d(functional.pad(features, around * 2), layer.weight, layer.bias, stride)
    assert_same(layer(features), wanted, [features, layer.weight, layer.bias])
    assert not torch.equal(layer(features), wanted)
    with torch.no_grad():
        assert torch.equal(layer(features), wanted)


def test_threads_at_work_beside_it_change_nothing():
    features, weight = tensors((4, 128, 32, 32), (256, 128, 3, 3))

    def learnt(_):
        made = winograd.convolve(features, weight, None)
        return torch.autograd.grad(made.square().sum(), [features, weight])

    with workers(4) as team:
        first, *others = team.map(learnt, range(6))
    assert all(torch.equal(one, other) for each in others for one, other in zip(first, each, strict=True))
