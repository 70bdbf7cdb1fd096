"""How near a rebuilt picture is to what was wanted: PSNR and SSIM within a mask."""

import torch
from torch import Tensor

from understudy.losses.mse import mse
from understudy.similarity import ssim_map


def rebuilt(painted_NCHW: Tensor, wanted_NCHW: Tensor, *, mask_N1HW: Tensor) -> tuple[float, float]:
    """PSNR in dB of the mean squared error within the mask, and mean SSIM within it, over all N pictures."""
    error = mse(painted_NCHW, wanted_NCHW, weight_B1HW=mask_N1HW)
    similar = ssim_map(painted_NCHW, wanted_NCHW).mean(1, keepdim=True)
    ssim = ((similar * mask_N1HW).sum((1, 2, 3)) / mask_N1HW.sum((1, 2, 3))).mean()
    return float(-10 * torch.log10(error.clamp_min(1e-12))), float(ssim)
