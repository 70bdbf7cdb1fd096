"""Linear filters of batches, a strength a picture: every axis is multiplied by a matrix of its own picture.

A matrix of positions by positions needs no kernel size, treats borders exactly and takes any mixture of strengths.
"""

import torch
from torch import Tensor

CUT = 4.0  # Gaussians end here, in deviations: their tails are denormals, which are slow


def filtered(pictures_BCHW: Tensor, rows_BHH: Tensor, columns_BWW: Tensor) -> Tensor:
    """Rows · picture · columnsᵀ of every picture and channel: (B, C, H', W')."""
    return rows_BHH[:, None] @ (pictures_BCHW @ columns_BWW.transpose(1, 2)[:, None])


def blurred(pictures_BCHW: Tensor, sigma_B: Tensor) -> Tensor:
    """Pictures under Gaussians of `sigma_B`, shares of the picture's width; windows are cut at the border."""
    height, width = pictures_BCHW.shape[-2:]
    sigma_px = sigma_B * width
    return filtered(pictures_BCHW, _gaussians(sigma_px, height), _gaussians(sigma_px, width))


def _gaussians(sigma_px_B: Tensor, length: int) -> Tensor:
    """A normalised window a row: (B, length, length); the identity where sigma is 0."""
    places = torch.arange(length, device=sigma_px_B.device, dtype=sigma_px_B.dtype)
    deviations = (places[:, None] - places).abs() / sigma_px_B.clamp_min(1e-3)[:, None, None]
    windows = torch.exp(-(deviations.clamp_max(CUT) ** 2) / 2) * (deviations < CUT)
    return windows / windows.sum(2, keepdim=True)
