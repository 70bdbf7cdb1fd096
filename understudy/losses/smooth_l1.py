"""Smooth L1 (Girshick 2015): squares for small differences, absolute values for large ones."""

from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from understudy.weighted import picture_means


def smooth_l1(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor, beta: float = 1.0) -> Tensor:
    """The weighted mean of d² / 2β below β and |d| − β / 2 above, over the batch: a scalar, 0 at equality."""
    return picture_means(smooth_l1_loss(painted_BCHW, wanted_BCHW, reduction="none", beta=beta), weight_B1HW).mean()
