"""What a weight for every pixel means to a loss: how much each counts, and what is seen of the pictures at all."""

import torch
from torch import Tensor

SMALLEST = torch.finfo(torch.float32).tiny


def picture_means(values_BCHW: Tensor, weight_B1HW: Tensor) -> Tensor:
    """The weighted mean of every picture over its pixels and channels: (B,); 0 for a picture without any weight."""
    values_B1HW = values_BCHW.mean(1, keepdim=True)
    return (values_B1HW * weight_B1HW).sum((1, 2, 3)) / weight_B1HW.sum((1, 2, 3)).clamp(min=SMALLEST)


def relative(weight_B1HW: Tensor) -> Tensor:
    """The weights over their mean in each picture, so that the plain mean of values times these is weighted."""
    return weight_B1HW / weight_B1HW.mean((1, 2, 3), keepdim=True).clamp(min=SMALLEST)


def seen(weight_B1HW: Tensor) -> Tensor:
    """A mask of 0–1 by which losses that look at a picture as a whole multiply both pictures.

    Weights above 1 say that a place counts more, not that it is brighter: they are 1 here. Where even the highest
    weight is below 1, it becomes 1, so that equal weights hide nothing.
    """
    highest = weight_B1HW.amax((1, 2, 3), keepdim=True)
    return (weight_B1HW / highest.clamp(min=SMALLEST, max=1)).clamp(max=1)
