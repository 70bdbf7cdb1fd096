"""Structural similarity (Wang et al. 2004), with its Gaussian windows as two banded matrix products."""

import torch
from torch import Tensor

from understudy.windows import blurred, gaussian_rows

STABLE_MEAN = 0.01**2
STABLE_VARIANCE = 0.03**2


def ssim_map(
    painted_BCHW: Tensor, wanted_BCHW: Tensor, *, window: int = 11, sigma: float = 1.5, stride: int = 1
) -> Tensor:
    """The similarity of every window and channel, −1 to 1: (B, C, ⌈H/stride⌉, ⌈W/stride⌉). Pictures are 0–1.

    The matrices are multiplied whole, which sets the last bits of what swappers learn and of what is scored.
    """
    height, width = painted_BCHW.shape[-2:]
    rows, columns = (
        gaussian_rows(
            length, window=window, sigma=sigma, stride=stride, dtype=painted_BCHW.dtype, device=painted_BCHW.device
        )
        for length in (height, width)
    )
    moments = torch.stack(
        [painted_BCHW, wanted_BCHW, painted_BCHW**2, wanted_BCHW**2, painted_BCHW * wanted_BCHW]
    ).contiguous()
    mean_p, mean_w, square_p, square_w, product = (rows @ (moments @ columns.T)).unbind()
    covariance = product - mean_p * mean_w
    variances = (square_p - mean_p * mean_p) + (square_w - mean_w * mean_w)
    alike_means = (2 * (mean_p * mean_w) + STABLE_MEAN) / (mean_p * mean_p + mean_w * mean_w + STABLE_MEAN)
    return alike_means * ((2 * covariance + STABLE_VARIANCE) / (variances + STABLE_VARIANCE))


def similarities(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, window: int, sigma: float) -> tuple[Tensor, Tensor]:
    """The two factors of similarity, of every pixel's window, those at the border cut: (B, C, H, W) each.

    How alike the means are, 0–1, and how alike contrast and structure, −1 to 1. Faster than `ssim_map`, and equal but
    for the last bits.
    """
    moments = torch.stack([painted_BCHW, painted_BCHW.square() + wanted_BCHW.square(), painted_BCHW * wanted_BCHW])
    mean_p, squares, product = blurred(moments, window=window, sigma=sigma).unbind()
    mean_w = blurred(wanted_BCHW, window=window, sigma=sigma)
    means = 2 * (mean_p * mean_w)
    of_squares = mean_p.square() + mean_w.square()
    structure = (2 * product - means + STABLE_VARIANCE) / (squares - of_squares + STABLE_VARIANCE)
    return (means + STABLE_MEAN) / (of_squares + STABLE_MEAN), structure
