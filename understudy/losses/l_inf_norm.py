"""The largest error of a picture."""

from torch import Tensor

from understudy.weighted import SMALLEST


def l_inf_norm(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor) -> Tensor:
    """The largest |painted − wanted| of every channel, averaged over channels and batch: a scalar, 0 at equality.

    Not local: errors are multiplied by the weight over the picture's highest weight before the largest is looked for.
    """
    share = weight_B1HW / weight_B1HW.amax((1, 2, 3), keepdim=True).clamp(min=SMALLEST)
    return ((painted_BCHW - wanted_BCHW).abs() * share).amax((2, 3)).mean()
