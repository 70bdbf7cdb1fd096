"""Slopes and bends of the picture, as faceswap's pixel gradient difference compares them."""

from torch import Tensor
from torch.nn.functional import pad

from understudy.weighted import picture_means


def pixel_gradient(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    first: float = 1.0,
    second: float = 1.0,
    scale: float = 1 / 255,
) -> Tensor:
    """The weighted mean square difference of first and second derivatives, over the batch: a scalar, 0 at equality.

    Squares are divided by 2·`scale`, as the general robust loss of `scale` does where its α goes to 2. `first` and
    `second` weigh the two kinds against each other. Derivatives are central; pixels at the border go on for ever.
    """
    error = painted_BCHW - wanted_BCHW
    wide = pad(error, (1, 1, 1, 1), mode="replicate")
    left, right, above, below = (wide[..., 1:-1, :-2], wide[..., 1:-1, 2:], wide[..., :-2, 1:-1], wide[..., 2:, 1:-1])
    slopes = ((right - left) / 2).square() + ((below - above) / 2).square()
    corners = wide[..., 2:, 2:] - wide[..., 2:, :-2] - wide[..., :-2, 2:] + wide[..., :-2, :-2]
    bends = (right + left - 2 * error).square() + (below + above - 2 * error).square() + 2 * (corners / 4).square()
    both = (first * slopes + second * bends) / ((first + second) * 2 * scale)
    return picture_means(both, weight_B1HW).mean()
