import pytest
import torch
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.products import convolve, dense, pays
from understudy.blocks.starts import start_weights
from understudy.workers import workers


@pytest.fixture(autouse=True)
def single_core():
    with workers(1):
        yield


def tensors(*shapes, dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes]


def assert_same(found, wanted, leaves):
    """Values and gradients, but for roundings."""
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    towards = tensors(tuple(wanted.shape))[0].detach()
    ours, theirs = (torch.autograd.grad(made, leaves, towards) for made in (found, wanted))
    for mine, plain in zip(ours, theirs, strict=True):
        assert (mine - plain).abs().max() <= 1e-5 * plain.abs().max()


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(5, 2, 0), (5, 2, 2), (3, 1, 1), (1, 1, 0)])
def test_values_and_gradients_are_those_of_the_convolution(kernel, stride, padding):
    weight, bias = tensors((8, 6, kernel, kernel), (8,))
    for batch in (1, 24):  # few pixels, and so many that only the weights' gradient is a product
        (features,) = tensors((batch, 6, 11, 11))
        wanted = functional.conv2d(features, weight, bias, stride, padding)
        found = convolve(features, weight, bias, stride=stride, padding=padding)
        assert_same(found, wanted, [features, weight, bias])


@pytest.mark.parametrize(("inputs", "outputs"), [(1200, 900), (20, 30)])
def test_dense_layers_and_their_gradients_are_those_of_torch(inputs, outputs):
    features, weight, bias = tensors((3, inputs), (outputs, inputs), (outputs,))
    assert_same(dense(features, weight, bias), functional.linear(features, weight, bias), [features, weight, bias])


def test_a_layer_of_weights_that_do_not_learn_has_no_gradient_of_them():
    features, weight = tensors((2, 4, 6, 6), (4, 4, 3, 3))
    made = convolve(features, weight.detach(), None, stride=1, padding=1)
    (gradient,) = torch.autograd.grad(made.sum(), [features])
    assert gradient.shape == features.shape


def test_only_wide_layers_of_few_pixels_are_multiplied():
    features, wide, narrow = tensors((1, 512, 4, 4), (1024, 512, 3, 3), (64, 512, 3, 3))
    assert pays(features, wide, pixels=16)
    assert not pays(features, wide, pixels=65)
    assert not pays(features, narrow, pixels=16)
    assert not pays(features.double(), wide, pixels=16)
    with torch.no_grad():
        assert not pays(features, wide, pixels=16)


def test_a_wide_layer_learns_the_same_either_way():
    layer = Convolution(512, 1024, 5, stride=2)
    start_weights(layer, seed=1)
    features = tensors((2, 512, 8, 8))[0]
    ours = torch.autograd.grad(layer(features).square().sum(), [layer.weight, features])
    padded = functional.pad(features, (1, 2, 1, 2))
    theirs = torch.autograd.grad(
        functional.conv2d(padded, layer.weight, layer.bias, 2).square().sum(), [layer.weight, features]
    )
    for mine, plain in zip(ours, theirs, strict=True):
        assert (mine - plain).abs().max() <= 1e-5 * plain.abs().max()
