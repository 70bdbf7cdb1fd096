"""Layers of many weights and few pixels on a CPU, computed as matrix products.

Where a network is deepest it has thousands of channels and few pixels, and torch's CPU library (oneDNN) spends its time
on laying weights out for its convolutions: their gradient reaches a quarter of the processor's rate. Unfolding the
pixels and multiplying with the same library's matrix product gives the same numbers in half the time. For dense layers
torch would turn to another library (MKL), whose products, held to what all processors agree on, are half as fast.
"""

import torch
from torch import Tensor
from torch.nn import functional

from understudy.blocks.kept import GRADIENTS

MOST_PIXELS = 64  # of a result's picture
FEW_COLUMNS = 256  # pixels of a whole batch up to which products are faster in the other directions, too
LEAST_WEIGHTS = 2**20  # below, there is nothing to gain


def is_plain(features: Tensor, weight: Tensor) -> bool:
    """Whether this is the learning in full precision on a CPU that this module and its neighbours are faster at."""
    return (
        features.device.type == "cpu"
        and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and features.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and torch.is_grad_enabled()
        and weight.requires_grad
    )


def pays(features: Tensor, weight: Tensor, *, pixels: int) -> bool:
    """Whether `convolve` is faster than torch's own for these features, weights, and pixels of a result's picture."""
    return is_plain(features, weight) and pixels <= MOST_PIXELS and weight.numel() >= LEAST_WEIGHTS


def product(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """(N, K) times the transposed of (M, K), and biases (M): (N, M), without a gradient."""
    found: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, bias, "none", [], "")
    return found


def gradient_of(left: Tensor, right: Tensor, *shape: int) -> Tensor:
    """(N, K) times the transposed of (M, K), as a gradient of N · M weights of this shape, in memory that is kept."""
    made = GRADIENTS.take(*shape)
    place = made.view(1, len(left), 1, len(right)).zero_().permute(0, 3, 1, 2)
    # A convolution of 1 × 1 that is added to what is there: of the library's products, that with a place to go to.
    torch.ops.mkldnn._convolution_pointwise_.binary(
        place,
        left.contiguous().view(1, len(left), 1, -1).permute(0, 3, 1, 2),
        right.contiguous().view(*right.shape, 1, 1),
        None,
        [0, 0],
        [1, 1],
        [1, 1],
        1,
        "add",
        1.0,
        None,
        [],
        None,
    )
    return made


def dense(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(B, inputs) to (B, outputs), as torch's linear."""
    if not is_plain(features, weight) or weight.numel() < LEAST_WEIGHTS:
        return functional.linear(features, weight, bias)
    made: Tensor = _Dense.apply(features, weight, bias)  # type: ignore[no-untyped-call]
    return made


def convolve(features: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int, padding: int) -> Tensor:
    """(B, C, H, W) convolved with weights (O, C, K, K), as torch's conv2d."""
    made: Tensor = _Convolve.apply(features, weight, bias, stride, padding)  # type: ignore[no-untyped-call]
    return made


class _Dense(torch.autograd.Function):
    @staticmethod
    def forward(
        context: torch.autograd.function.FunctionCtx, features: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        context.save_for_backward(features, weight)
        return product(features, weight, bias)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight = context.saved_tensors  # type: ignore[attr-defined]
        wants_features, wants_weight, wants_bias = context.needs_input_grad  # type: ignore[attr-defined]
        gradient = gradient.contiguous()
        of_features = product(gradient, weight.t()) if wants_features else None
        of_weight = gradient_of(gradient.t(), features.t(), *weight.shape) if wants_weight else None
        return of_features, of_weight, gradient.sum(0) if wants_bias else None


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
        context.steps = stride, padding  # type: ignore[attr-defined]
        side = (features.shape[-1] + 2 * padding - weight.shape[-1]) // stride + 1
        if len(features) * side**2 > FEW_COLUMNS:
            return functional.conv2d(features, weight, bias, stride, padding)
        seen = functional.unfold(features, weight.shape[-1], padding=padding, stride=stride)  # (B, C · K², pixels)
        made = product(seen.transpose(1, 2).flatten(0, 1), weight.flatten(1), bias)
        return made.view(len(features), side, side, -1).permute(0, 3, 1, 2).contiguous()

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight = context.saved_tensors  # type: ignore[attr-defined]
        stride, padding = context.steps  # type: ignore[attr-defined]
        wants_features, wants_weight, wants_bias = context.needs_input_grad[:3]  # type: ignore[attr-defined]
        of_features = _of_features(gradient, features, weight, stride, padding) if wants_features else None
        of_weight = _of_weight(gradient, features, weight, stride, padding) if wants_weight else None
        return of_features, of_weight, gradient.sum((0, 2, 3)) if wants_bias else None, None, None


def _of_features(gradient: Tensor, features: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    batch, channels, pixels = gradient.flatten(2).shape
    if batch * pixels > FEW_COLUMNS:
        strides, paddings = [stride, stride], [padding, padding]
        direct: Tensor = torch.ops.aten.convolution_backward(
            gradient, features, weight, None, strides, paddings, [1, 1], False, [0, 0], 1, [True, False, False]
        )[0]
        return direct
    across = gradient.flatten(2).transpose(1, 2).reshape(-1, channels)
    found = product(across, weight.flatten(1).t()).view(batch, pixels, -1).transpose(1, 2)
    return functional.fold(found, features.shape[-2:], weight.shape[-1], padding=padding, stride=stride)


def _of_weight(gradient: Tensor, features: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    kernel = weight.shape[-1]
    seen = functional.unfold(features, kernel, padding=padding, stride=stride)
    across = seen.transpose(0, 1).reshape(seen.shape[1], -1)
    down = gradient.flatten(2).transpose(0, 1).reshape(gradient.shape[1], -1)
    return gradient_of(down, across, *weight.shape)
