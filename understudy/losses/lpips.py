"""Learned perceptual patch similarity (Zhang et al. 2018, version 0.1), of weights that lie in local files.

A stack of features of a network that was trained to name pictures; how much each channel counts was learned from what
people find alike.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, conv2d, max_pool2d, relu

from understudy.errors import ModelError
from understudy.files import sha256_of
from understudy.weighted import picture_means, seen

SHIFT = (-0.030, -0.088, -0.188)  # of pictures of −1 to 1, as in the paper's code
SCALE = (0.458, 0.448, 0.450)
LEAST = 1e-10

Layer = tuple[
    str, int, int, int
]  # kind; number of the weights, or size of the pool; stride; padding, or whether a pool goes over the border
NETS: dict[str, tuple[tuple[Layer, ...], ...]] = {  # a feature is what comes out of each row
    "alex": (
        (("conv", 0, 4, 2),),
        (("pool", 3, 2, 0), ("conv", 3, 1, 2)),
        (("pool", 3, 2, 0), ("conv", 6, 1, 1)),
        (("conv", 8, 1, 1),),
        (("conv", 10, 1, 1),),
    ),
    "vgg16": (
        (("conv", 0, 1, 1), ("conv", 2, 1, 1)),
        (("pool", 2, 2, 0), ("conv", 5, 1, 1), ("conv", 7, 1, 1)),
        (("pool", 2, 2, 0), ("conv", 10, 1, 1), ("conv", 12, 1, 1), ("conv", 14, 1, 1)),
        (("pool", 2, 2, 0), ("conv", 17, 1, 1), ("conv", 19, 1, 1), ("conv", 21, 1, 1)),
        (("pool", 2, 2, 0), ("conv", 24, 1, 1), ("conv", 26, 1, 1), ("conv", 28, 1, 1)),
    ),
    "squeeze": (
        (("conv", 0, 2, 0),),
        (("pool", 3, 2, 1), ("fire", 3, 1, 1), ("fire", 4, 1, 1)),
        (("pool", 3, 2, 1), ("fire", 6, 1, 1), ("fire", 7, 1, 1)),
        (("pool", 3, 2, 1), ("fire", 9, 1, 1)),
        (("fire", 10, 1, 1),),
        (("fire", 11, 1, 1),),
        (("fire", 12, 1, 1),),
    ),
}


def lpips(
    painted_BCHW: Tensor,
    wanted_BCHW: Tensor,
    *,
    weight_B1HW: Tensor,
    net: Literal["alex", "squeeze", "vgg16"] = "alex",
    weights: str | Path,
    sha256: str,
    calibration: str | Path,
    calibration_sha256: str,
) -> Tensor:
    """The weighted mean distance of features, summed over their layers, over the batch: a scalar, 0 at equality.

    Pictures are RGB, 0–1, and of 32 pixels or more a side. `weights` is the file of the network, with the names that
    torchvision gives them (features.0.weight); `calibration` that of the layers' channels (lin0.model.1.weight). Both
    are safetensors or torch files, whose SHA-256 is checked before they are read.
    Not local: both pictures are multiplied by the weight (see weighted.seen) and distances weighted with its mean
    below them. Raises ModelError for a file that is missing or another, and for weights that do not fit.
    """
    kind = (painted_BCHW.dtype, painted_BCHW.device)
    network, channels = _read(str(weights), sha256, *kind), _read(str(calibration), calibration_sha256, *kind)
    mask = seen(weight_B1HW)
    total = painted_BCHW.new_zeros(())
    painted, wanted = _scaled(painted_BCHW * mask), _scaled(wanted_BCHW * mask)
    try:
        for layer, row in enumerate(NETS[net]):
            painted, wanted = _through(painted, row, network), _through(wanted, row, network)
            counts = channels[f"lin{layer}.model.1.weight"]
            distance = conv2d((_normalised(painted) - _normalised(wanted)).square(), counts)
            weight = adaptive_avg_pool2d(weight_B1HW, (distance.shape[-2], distance.shape[-1]))
            total = total + picture_means(distance, weight).mean()
    except KeyError as error:
        raise ModelError(f"lpips: no {error} in {weights} or {calibration}; give the files of `{net}`") from error
    return total


def _scaled(pictures_BCHW: Tensor) -> Tensor:
    shift, scale = (torch.tensor(values).to(pictures_BCHW).view(1, 3, 1, 1) for values in (SHIFT, SCALE))
    return (2 * pictures_BCHW - 1 - shift) / scale


def _normalised(features_BChw: Tensor) -> Tensor:
    return features_BChw * (features_BChw.square().sum(1, keepdim=True) + LEAST).rsqrt()


def _through(features_BChw: Tensor, row: tuple[Layer, ...], network: dict[str, Tensor]) -> Tensor:
    for kind, number, stride, padding in row:
        if kind == "pool":
            features_BChw = max_pool2d(features_BChw, number, stride, ceil_mode=bool(padding))
        elif kind == "conv":
            features_BChw = _conv(features_BChw, f"features.{number}", network, stride=stride, padding=padding)
        else:
            features_BChw = _fire(features_BChw, f"features.{number}", network)
    return features_BChw


def _fire(features_BChw: Tensor, name: str, network: dict[str, Tensor]) -> Tensor:
    """The module of Iandola et al. 2016: squeezed, then expanded by pixels and by neighbourhoods."""
    squeezed = _conv(features_BChw, f"{name}.squeeze", network)
    expanded = [_conv(squeezed, f"{name}.expand1x1", network), _conv(squeezed, f"{name}.expand3x3", network, padding=1)]
    return torch.cat(expanded, 1)


def _conv(features_BChw: Tensor, name: str, network: dict[str, Tensor], *, stride: int = 1, padding: int = 0) -> Tensor:
    weight, bias = network[f"{name}.weight"], network[f"{name}.bias"]
    return relu(conv2d(features_BChw, weight, bias, stride=stride, padding=padding))


@lru_cache(maxsize=8)
def _read(path: str, sha256: str, dtype: torch.dtype, device: torch.device) -> dict[str, Tensor]:
    file = Path(path)
    if not file.is_file():
        raise ModelError(f"{path}: no such weights; put the file with SHA-256 {sha256} there")
    found = sha256_of(file)
    if found != sha256:
        raise ModelError(f"{path}: SHA-256 {found}, expected {sha256}; replace the file")
    with torch.inference_mode(False):
        tensors = (
            load_file(file)
            if file.suffix == ".safetensors"
            else torch.load(file, map_location="cpu", weights_only=True)
        )
        wanted = {name: value for name, value in tensors.items() if name.startswith(("features.", "lin"))}
        return {name: value.detach().to(device, dtype) for name, value in wanted.items()}
