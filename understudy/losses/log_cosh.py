"""The logarithm of the hyperbolic cosine: squares for small differences, absolute values for large ones."""

import math

from torch import Tensor
from torch.nn.functional import softplus

from understudy.weighted import picture_means


def log_cosh(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor, scale: float = 1.0) -> Tensor:
    """The weighted mean of s·log cosh(d / s), over the batch: a scalar, 0 at equality; s is the `scale`."""
    difference = ((painted_BCHW - wanted_BCHW) / scale).abs()
    return picture_means(scale * (difference + softplus(-2 * difference) - math.log(2)), weight_B1HW).mean()
