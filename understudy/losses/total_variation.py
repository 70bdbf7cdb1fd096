"""Total variation (Rudin, Osher and Fatemi 1992, with squares): how rough the painted picture is."""

from torch import Tensor

from understudy.weighted import picture_means


def total_variation(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor, power: float = 2.0) -> Tensor:
    """The weighted mean of horizontal plus vertical steps to this power, over the batch: a scalar, 0 when flat.

    It does not look at what was wanted: a small share of it keeps masks and generated pictures calm.
    """
    here = painted_BCHW[..., 1:, 1:]
    across, down = (here - painted_BCHW[..., 1:, :-1]).abs(), (here - painted_BCHW[..., :-1, 1:]).abs()
    return picture_means(across**power + down**power, weight_B1HW[..., 1:, 1:]).mean()
