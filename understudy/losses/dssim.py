"""Structural dissimilarity (Wang et al. 2004)."""

from torch import Tensor

from understudy.similarity import ssim_map
from understudy.weighted import picture_means


def dssim(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    window: int = 11,
    sigma: float = 1.5,
    stride: int = 1,
) -> Tensor:
    """The weighted mean of (1 − SSIM) / 2 of every picture, averaged over the batch: a scalar, 0 at equality.

    Pictures are 0–1. Gaussian windows of `window` × `window` pixels, odd or even, and width `sigma` stand at every
    `stride`-th pixel; those at the border are cut and normalised.
    """
    similar = ssim_map(painted_BCHW, wanted_BCHW, window=window, sigma=sigma, stride=stride)
    return picture_means((1 - similar) / 2, weight_B1HW[..., ::stride, ::stride]).mean()
