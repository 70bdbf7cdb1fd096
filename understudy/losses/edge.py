"""Edges: how much the sizes of steps between neighbouring pixels differ, as faceswap-GAN learns with."""

from torch import Tensor

from understudy.weighted import picture_means


def edge(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor) -> Tensor:
    """The weighted mean difference in size of horizontal plus vertical steps, over the batch: a scalar, 0 at equality.

    Unlike in `gradient_difference`, a step down may stand for a step up (Mathieu et al. 2016, with power 1).
    """
    steps = [
        (painted - wanted).abs() for painted, wanted in zip(_edges(painted_BCHW), _edges(wanted_BCHW), strict=True)
    ]
    return picture_means(steps[0] + steps[1], weight_B1HW[..., :-1, :-1]).mean()


def _edges(pictures_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    here = pictures_BCHW[..., :-1, :-1]
    return (here - pictures_BCHW[..., 1:, :-1]).abs(), (here - pictures_BCHW[..., :-1, 1:]).abs()
