"""Laplacian pyramid: errors by the size of what they concern (Burt and Adelson 1983; Bojanowski et al. 2018)."""

from torch import Tensor
from torch.nn.functional import avg_pool2d

from understudy.weighted import relative
from understudy.windows import blurred


def laplacian_pyramid(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    levels: int = 5,
    window: int = 5,
    sigma: float = 1.0,
    falloff: float = 0.25,
) -> Tensor:
    """The mean absolute error of every level and of what is left below, over the batch: a scalar, 0 at equality.

    A level is what a Gaussian of `window` pixels and width `sigma` takes away; the rest is halved for the next. Each
    level counts `falloff` times the one before it.
    Not local: the error is multiplied by the weight over its mean.
    """
    rest = (painted_BCHW - wanted_BCHW) * relative(weight_B1HW)
    total = rest.new_zeros(())
    for level in range(levels):
        low = blurred(rest, window=window, sigma=sigma)
        total = total + falloff**level * (rest - low).abs().mean()
        rest = avg_pool2d(low, 2, ceil_mode=True)
    return total + falloff**levels * rest.abs().mean()
