"""Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003), as a loss."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from understudy.similarity import similarities
from understudy.weighted import seen
from understudy.windows import inside

POWERS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
LEAST = 1e-6  # structures that contradict each other have no root; below this there is no gradient


def ms_ssim(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    window: int = 11,
    sigma: float = 1.5,
    powers: Sequence[float] = POWERS,
) -> Tensor:
    """1 − MS-SSIM of every picture, averaged over channels and batch: a scalar, 0 at equality.

    Pictures are 0–1, halved as often as there are `powers` but one. Windows lie wholly inside the picture; where the
    smallest picture is smaller than `window`, all windows shrink to it.
    Not local: both pictures are multiplied by the weight (see weighted.seen), which is halved with them.
    """
    mask = seen(weight_B1HW)
    painted, wanted, weight = painted_BCHW * mask, wanted_BCHW * mask, weight_B1HW
    window = min([window, *(-(-side // 2 ** (len(powers) - 1)) for side in painted.shape[-2:])])
    product = painted.new_ones(())
    for level, power in enumerate(powers):
        if level:
            painted, wanted, weight = (_halved(each) for each in (painted, wanted, weight))
        means, similar = similarities(painted, wanted, window=window, sigma=sigma)
        if level == len(powers) - 1:
            similar = means * similar
        product = product * _mean(inside(similar, window=window), inside(weight, window=window)) ** power
    return 1 - product.mean()


def _mean(similar_BChw: Tensor, weight_B1hw: Tensor) -> Tensor:
    """The weighted mean of every channel, as what is missing to 1, so that a place without any weight is alike."""
    total = weight_B1hw.sum((2, 3)).clamp(min=torch.finfo(torch.float32).tiny)
    return (1 - ((1 - similar_BChw) * weight_B1hw).sum((2, 3)) / total).clamp(min=LEAST)


def _halved(pictures_BCHW: Tensor) -> Tensor:
    return avg_pool2d(pictures_BCHW, 2, ceil_mode=True)
