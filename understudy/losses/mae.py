"""Mean absolute error, weighted by pixel."""

from torch import Tensor


def mae(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor) -> Tensor:
    """The weighted mean of |painted − wanted| of every picture, averaged over the batch: a scalar, 0 at equality."""
    difference = (painted_BCHW - wanted_BCHW).abs().mean(1, keepdim=True)
    return ((difference * weight_B1HW).sum((1, 2, 3)) / weight_B1HW.sum((1, 2, 3))).mean()
