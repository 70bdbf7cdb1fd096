"""Mean squared error, weighted by pixel."""

from torch import Tensor


def mse(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor) -> Tensor:
    """The weighted mean of (painted − wanted)² of every picture, averaged over the batch: a scalar, 0 at equality."""
    difference = (painted_BCHW - wanted_BCHW).square().mean(1, keepdim=True)
    return ((difference * weight_B1HW).sum((1, 2, 3)) / weight_B1HW.sum((1, 2, 3))).mean()
