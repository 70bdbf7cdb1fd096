"""The general robust loss (Barron 2019), whose `alpha` goes from squares (2) by smoothed absolutes (1) to less."""

import torch
from torch import Tensor

from understudy.weighted import picture_means


def robust(
    painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor, alpha: float = 1.0, scale: float = 1 / 255
) -> Tensor:
    """The weighted mean of the paper's ρ times `scale`, over the batch: a scalar, 0 at equality.

    Differences below `scale` cost their square. With `alpha` 1, larger ones cost what they are in `mae`; the lower
    `alpha`, the less they cost beyond that.
    """
    squares = ((painted_BCHW - wanted_BCHW) / scale).square()
    return picture_means(_penalty(squares, alpha) * scale, weight_B1HW).mean()


def _penalty(squares: Tensor, alpha: float) -> Tensor:
    if alpha == 2:
        return squares / 2
    if alpha == 0:
        return torch.log1p(squares / 2)
    bend = abs(alpha - 2)
    return bend / alpha * ((squares / bend + 1) ** (alpha / 2) - 1)
