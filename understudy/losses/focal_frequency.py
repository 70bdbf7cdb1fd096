"""Focal frequency loss (Jiang et al. 2021): frequencies that are hard to paint count more."""

import torch
from torch import Tensor

from understudy.errors import ModelError
from understudy.weighted import relative


def focal_frequency(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    alpha: float = 1.0,
    patches: int = 1,
    logarithmic: bool = False,
) -> Tensor:
    """The mean squared error of frequencies, each times its focus, over the batch: a scalar, 0 at equality.

    The focus of a frequency is its error to the power of `alpha`, over the largest of the picture and channel; no
    gradient passes through it. A picture is cut into `patches` × `patches`; a `logarithmic` focus is flatter.
    Not local: the error is multiplied by the root of the weight over its mean, so that without a focus (`alpha` 0)
    this is `mse`.
    """
    error = _patches((painted_BCHW - wanted_BCHW) * relative(weight_B1HW).sqrt(), patches)
    spectrum = torch.fft.rfft2(error, norm="ortho")
    squares = torch.view_as_real(spectrum).square().sum(-1)
    return (squares * _focus(squares.detach(), alpha, logarithmic) * _times(error.shape[-1], squares)).sum() / (
        error.numel()
    )


def _patches(error_BCHW: Tensor, number: int) -> Tensor:
    """Patches side by side: (B, C, number², h, w)."""
    height, width = error_BCHW.shape[-2:]
    if height % number or width % number:
        raise ModelError(f"focal_frequency: {height} × {width} pixels, not divisible into {number} patches a side")
    cut = error_BCHW.reshape(*error_BCHW.shape[:2], number, height // number, number, width // number)
    return cut.transpose(-3, -2).flatten(2, 3)


def _focus(squares: Tensor, alpha: float, logarithmic: bool) -> Tensor:
    focus = squares ** (alpha / 2)
    if logarithmic:
        focus = torch.log1p(focus)
    return focus / focus.amax((-2, -1), keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)


def _times(width: int, like: Tensor) -> Tensor:
    """How often a column of half a spectrum stands in the whole: twice, but for the first and an even width's last."""
    times = torch.full((width // 2 + 1,), 2, dtype=like.dtype, device=like.device)
    times[0] = 1
    if width % 2 == 0:
        times[-1] = 1
    return times
