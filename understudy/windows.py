"""Windows over pictures as band matrices: `rows @ pictures @ columns.T` filters a whole batch.

On a CPU that is six times faster than convolving. Gaussians are cut: an uncut one holds denormals and is ten times
slower.
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=64)
def gaussian_rows(
    length: int, *, window: int, sigma: float, stride: int = 1, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """A Gaussian window of `window` pixels a row, at every `stride`-th pixel: (⌈length/stride⌉, length).

    Windows at the border are cut; every row sums to 1. A window of an even number of pixels is centred between two,
    and stands at the first.
    """
    middle = 0 if window % 2 else 0.5
    with torch.inference_mode(False):  # what is cached must serve gradients as well
        offset = torch.arange(length, dtype=torch.float64)[None] - torch.arange(0, length, stride)[:, None] - middle
        rows = torch.exp(-(offset**2) / (2 * sigma**2)) * (offset.abs() <= (window - 1) / 2)
        return (rows / rows.sum(1, keepdim=True)).to(device, dtype)


@lru_cache(maxsize=64)
def filter_rows(length: int, taps: tuple[float, ...], *, dtype: torch.dtype, device: torch.device) -> Tensor:
    """An odd number of `taps` at every pixel, a row each, where pixels at the border go on for ever: (length, length)."""
    with torch.inference_mode(False):
        here = torch.arange(length)[:, None]
        there = (here + torch.arange(len(taps)) - len(taps) // 2).clamp(0, length - 1)
        rows = torch.zeros(length, length, dtype=torch.float64)
        rows.scatter_add_(1, there, torch.tensor(taps, dtype=torch.float64).expand(length, -1))
        return rows.to(device, dtype)


def filtered(pictures_BCHW: Tensor, *, down: Sequence[float], across: Sequence[float]) -> Tensor:
    """Pictures filtered by the taps `down` their columns and `across` their rows; borders go on for ever."""
    height, width = pictures_BCHW.shape[-2:]
    rows = filter_rows(height, tuple(down), dtype=pictures_BCHW.dtype, device=pictures_BCHW.device)
    columns = filter_rows(width, tuple(across), dtype=pictures_BCHW.dtype, device=pictures_BCHW.device)
    return rows @ (pictures_BCHW @ columns.T)


def blurred(pictures_BCHW: Tensor, *, window: int, sigma: float) -> Tensor:
    """Pictures under a Gaussian of `window` pixels and width `sigma`, both in pixels; windows at the border are cut."""
    height, width = pictures_BCHW.shape[-2:]
    kind = {"dtype": pictures_BCHW.dtype, "device": pictures_BCHW.device}
    rows = gaussian_rows(height, window=window, sigma=sigma, **kind)
    columns = gaussian_rows(width, window=window, sigma=sigma, **kind)
    return rows @ (pictures_BCHW @ columns.T)


def inside(maps_BChw: Tensor, *, window: int) -> Tensor:
    """The part of maps whose windows lie wholly inside the picture."""
    height, width = maps_BChw.shape[-2:]
    first = (window - 1) // 2
    return maps_BChw[..., first : height - window // 2, first : width - window // 2]
