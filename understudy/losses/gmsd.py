"""Gradient magnitude similarity deviation (Xue et al. 2014)."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from understudy.weighted import picture_means, seen

LUMINANCE = (0.299, 0.587, 0.114)
LEAST = 1e-12  # a root has no gradient at 0


def gmsd(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    stability: float = 170 / 255**2,
    halved: bool = True,
) -> Tensor:
    """The weighted standard deviation of the similarity of edges, averaged over the batch: a scalar, 0 at equality.

    Pictures are RGB, 0–1; their luminance is `halved` first, and gradients are Prewitt's. `stability` is the paper's c
    for pictures of 0–1.
    Not local: both pictures are multiplied by the weight (see weighted.seen), and the deviation is weighted.
    """
    mask = seen(weight_B1HW)
    painted, wanted = (_edges(picture * mask, halved) for picture in (painted_BCHW, wanted_BCHW))
    weight = avg_pool2d(weight_B1HW, 2) if halved else weight_B1HW
    similar = (2 * (painted * wanted).sqrt() + stability) / (painted + wanted + stability)
    from_mean = similar - picture_means(similar, weight)[:, None, None, None]
    return ((picture_means(from_mean.square(), weight) + LEAST).sqrt() - LEAST**0.5).mean()


def _edges(pictures_BCHW: Tensor, halved: bool) -> Tensor:
    """The squared size of the gradient of luminance: (B, 1, h, w); outside the picture is black."""
    luminance = torch.tensor(LUMINANCE).to(pictures_BCHW).view(1, 3, 1, 1)
    grey = (pictures_BCHW * luminance).sum(1, keepdim=True)
    wide = pad(avg_pool2d(grey, 2) if halved else grey, (1, 1, 1, 1))
    across, down = (wide[..., 2:] - wide[..., :-2]) / 3, (wide[..., 2:, :] - wide[..., :-2, :]) / 3
    across = across[..., :-2, :] + across[..., 1:-1, :] + across[..., 2:, :]
    down = down[..., :-2] + down[..., 1:-1] + down[..., 2:]
    return across.square() + down.square() + LEAST
