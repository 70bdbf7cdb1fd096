"""The rest of the picture, as DeepFaceLab's background style power keeps it: structural dissimilarity and squares."""

from torch import Tensor

from understudy.similarity import similarities
from understudy.weighted import picture_means
from understudy.windows import inside


def background(
    painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor, share: float = 11.6, sigma: float = 1.5
) -> Tensor:
    """The weighted means of (1 − SSIM) / 2 and of squares, added, over the batch: a scalar, 0 at equality.

    The weight is the background's: 1 outside the face. Pictures are 0–1. Windows measure the picture's height over
    `share`, rounded down, and lie wholly inside the picture.
    """
    window = max(3, int(painted_BCHW.shape[-2] / share))
    means, structure = similarities(painted_BCHW, wanted_BCHW, window=window, sigma=sigma)
    similar = inside(means * structure, window=window)
    dissimilar = picture_means((1 - similar) / 2, inside(weight_B1HW, window=window))
    return (dissimilar + picture_means((painted_BCHW - wanted_BCHW).square(), weight_B1HW)).mean()
