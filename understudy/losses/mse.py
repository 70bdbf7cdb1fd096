"""Mean squared error, weighted by pixel."""

from torch import Tensor

from understudy.weighted import picture_means


def mse(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor) -> Tensor:
    """The weighted mean of (painted − wanted)² of every picture, averaged over the batch: a scalar, 0 at equality."""
    return picture_means((painted_BCHW - wanted_BCHW).square(), weight_B1HW).mean()
