import pytest
import torch
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.products import convolve, pays
from understudy.blocks.starts import start_weights
from understudy.workers import workers


@pytest.fixture(autouse=True)
def single_core():
    with workers(1):
        yield


def tensors(*shapes, dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes]


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(5, 2, 0), (5, 2, 2), (3, 1, 1), (1, 1, 0)])
def test_values_and_gradients_are_those_of_the_convolution(kernel, stride, padding):
    features, weight, bias = tensors((3, 6, 11, 11), (8, 6, kernel, kernel), (8,))
    wanted = functional.conv2d(features, weight, bias, stride, padding)
    found = convolve(features, weight, bias, stride=stride, padding=padding)
    assert torch.equal(found, wanted)
    towards = tensors(tuple(wanted.shape))[0].detach()
    for ours, theirs in zip(
        *(torch.autograd.grad(made, [features, weight, bias], towards) for made in (found, wanted)), strict=True
    ):
        assert torch.allclose(ours, theirs, rtol=1e-5, atol=1e-5)


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
