"""Colour and contrast of a face as a whole, as DeepFaceLab's face style power compares them."""

from torch import Tensor

from understudy.weighted import seen
from understudy.windows import blurred

STABLE = 1e-5  # a root has no gradient at 0


def style(painted_BCHW: Tensor, wanted_BCHW: Tensor, *, weight_B1HW: Tensor, radius_px: float | None = None) -> Tensor:
    """The squared differences of mean and of standard deviation, over channels and batch: a scalar, 0 at equality.

    Both pictures are blurred before, with a Gaussian of width `radius_px`, cut at two widths: an eighth of the height
    where none is given, 0 for no blur. Moments are those of Huang and Belongie 2017, of pixels instead of features.
    Not local: both pictures are multiplied by the weight (see weighted.seen), and moments are of the whole picture.
    """
    radius = painted_BCHW.shape[-2] // 8 if radius_px is None else radius_px
    mask = seen(weight_B1HW)
    mean_p, deviation_p = _moments(painted_BCHW * mask, radius)
    mean_w, deviation_w = _moments(wanted_BCHW * mask, radius)
    return ((mean_p - mean_w).square() + (deviation_p - deviation_w).square()).mean()


def _moments(pictures_BCHW: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    if radius > 0:
        pictures_BCHW = blurred(pictures_BCHW, window=max(3, int(4 * radius) | 1), sigma=radius)
    mean = pictures_BCHW.mean((2, 3), keepdim=True)
    variance = (pictures_BCHW - mean).square().mean((2, 3))
    return mean[..., 0, 0], (variance + STABLE).sqrt()
