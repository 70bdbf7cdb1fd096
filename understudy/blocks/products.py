"""Convolutions of wide, small pictures on a CPU: the gradient of their weights as one matrix product.

Where a network is deepest it has thousands of channels and few pixels. There torch's CPU library (oneDNN) computes the
weights' gradient with a fallback that reaches a quarter of the processor's rate; unfolding the pixels and multiplying
with the same library's matrix product gives the same numbers in half the time.
"""

import torch
from torch import Tensor
from torch.nn import functional

MOST_PIXELS = 64  # of a result's picture
LEAST_WEIGHTS = 2**20  # below, there is nothing to gain


def pays(features: Tensor, weight: Tensor, *, pixels: int) -> bool:
    """Whether `convolve` is faster than torch's own for these features, weights, and pixels of a result's picture."""
    return (
        features.device.type == "cpu"
        and features.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and torch.is_grad_enabled()
        and weight.requires_grad
        and pixels <= MOST_PIXELS
        and weight.numel() >= LEAST_WEIGHTS
    )


def convolve(features: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int, padding: int) -> Tensor:
    """(B, C, H, W) convolved with weights (O, C, K, K), as torch's conv2d."""
    made: Tensor = _Convolve.apply(features, weight, bias, stride, padding)  # type: ignore[no-untyped-call]
    return made


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch hands them over in order
        context: torch.autograd.function.FunctionCtx,
        features: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: int,
        padding: int,
    ) -> Tensor:
        context.save_for_backward(features, weight)
        context.steps = stride, padding, bias is not None  # type: ignore[attr-defined]
        return functional.conv2d(features, weight, bias, stride, padding)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight = context.saved_tensors  # type: ignore[attr-defined]
        stride, padding, has_bias = context.steps  # type: ignore[attr-defined]
        wants_features, wants_weight, wants_bias = context.needs_input_grad[:3]  # type: ignore[attr-defined]
        of_features = _of_features(gradient, features, weight, stride, padding) if wants_features else None
        of_weight = _of_weight(gradient, features, weight, stride, padding) if wants_weight else None
        of_bias = gradient.sum((0, 2, 3)) if has_bias and wants_bias else None
        return of_features, of_weight, of_bias, None, None


def _of_features(gradient: Tensor, features: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    strides, paddings = [stride, stride], [padding, padding]
    found: Tensor = torch.ops.aten.convolution_backward(
        gradient, features, weight, None, strides, paddings, [1, 1], False, [0, 0], 1, [True, False, False]
    )[0]
    return found


def _of_weight(gradient: Tensor, features: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    kernel = weight.shape[-1]
    seen = functional.unfold(features, kernel, padding=padding, stride=stride)  # (B, C · K², pixels)
    across = seen.transpose(0, 1).reshape(seen.shape[1], -1)
    down = gradient.flatten(2).transpose(0, 1).reshape(gradient.shape[1], -1)
    product = torch.ops.aten.mkldnn_linear(down.to_mkldnn(), across.to_mkldnn()).to_dense()
    return product.view_as(weight)
