"""Gradient difference: how much the steps between neighbouring pixels differ (Mathieu et al. 2016, with power 1)."""

from torch import Tensor

from understudy.weighted import picture_means


def gradient_difference(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor) -> Tensor:
    """The weighted mean difference of horizontal plus vertical pixel steps, over the batch: a scalar, 0 at equality.

    Edges that are too soft cost as much as edges that are too hard; a constant offset costs nothing.
    """
    error = painted_BCHW - wanted_BCHW
    here = error[..., 1:, 1:]
    steps = (here - error[..., 1:, :-1]).abs() + (here - error[..., :-1, 1:]).abs()
    return picture_means(steps, weight_B1HW[..., 1:, 1:]).mean()
