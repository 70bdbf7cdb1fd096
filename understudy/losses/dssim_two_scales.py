"""Structural dissimilarity with windows that grow with the picture, as DeepFaceLab's SAEHD learns with."""

from torch import Tensor

from understudy.similarity import similarities
from understudy.weighted import picture_means
from understudy.windows import inside


def dssim_two_scales(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    large: float = 11.6,
    small: float = 23.2,
    two_from_px: int = 256,
    sigma: float = 1.5,
) -> Tensor:
    """The weighted mean of (1 − SSIM) / 2 of every picture, averaged over the batch: a scalar, 0 at equality.

    Pictures are 0–1. Windows measure the picture's height over `large`, rounded down; from a height of `two_from_px`
    on, half of the loss is that of windows of the height over `small`. Only windows wholly inside the picture count,
    with the weight at their centre. `sigma`, in pixels, does not grow: the two differ mainly at the border.
    """
    height = painted_BCHW.shape[-2]
    shares = [large, small] if height >= two_from_px else [large]
    total = painted_BCHW.new_zeros(())
    for share in shares:
        window = max(3, int(height / share))
        means, structure = similarities(painted_BCHW, wanted_BCHW, window=window, sigma=sigma)
        similar = inside(means * structure, window=window)
        total = total + picture_means((1 - similar) / 2, inside(weight_B1HW, window=window)).mean()
    return total / len(shares)
