"""How weights start: pure functions that fill a tensor from a generator, and the walk that starts a whole network.

A layer of `understudy.blocks` names its own start, that of its model's origin; training may choose another one for
all convolutions. Every weight has a stream of random numbers of its own, named after its place in the network, so that
adding a layer changes no other layer's start. `fan_in` is the number of values that one result is a sum of.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

from understudy.phases import is_below
from understudy.randomness import torch_generator

Start = Callable[[Tensor, torch.Generator], None]
Initialiser = Literal["own", "he_uniform", "convolution_aware", "identity_like"]


def he_uniform(weight: Tensor, generator: torch.Generator) -> None:
    """Uniform within ±√(6 / fan_in) (He et al. 2015)."""
    scaled_uniform(2.0)(weight, generator)


def he_normal(weight: Tensor, generator: torch.Generator) -> None:
    """Normal with variance 2 / fan_in, cut at two standard deviations as Keras cuts it (He et al. 2015)."""
    spread = math.sqrt(2 / _fans(weight)[0]) / 0.87962566103423978  # the cut takes so much of the deviation
    nn.init.trunc_normal_(weight, 0, spread, -2 * spread, 2 * spread, generator=generator)


def glorot_uniform(weight: Tensor, generator: torch.Generator) -> None:
    """Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""
    bound = math.sqrt(6 / sum(_fans(weight)))
    nn.init.uniform_(weight, -bound, bound, generator=generator)


def scaled_uniform(scale: float) -> Start:
    """Uniform with variance `scale` / fan_in: Keras's VarianceScaling; 0.2 keeps residual blocks near nothing."""

    def start(weight: Tensor, generator: torch.Generator) -> None:
        bound = math.sqrt(3 * scale / _fans(weight)[0])
        nn.init.uniform_(weight, -bound, bound, generator=generator)

    return start


def normal(deviation: float) -> Start:
    """Normal with this standard deviation."""

    def start(weight: Tensor, generator: torch.Generator) -> None:
        nn.init.normal_(weight, 0, deviation, generator=generator)

    return start


def convolution_aware(weight: Tensor, generator: torch.Generator) -> None:
    """Filters whose spectra are orthogonal to each other, with variance 2 / fan_in (Aghajanyan 2017)."""
    filters, channels, *kernel = weight.shape
    rows = torch.stack([_orthonormal_spectra(filters, kernel, generator) for _ in range(channels)], 1)
    pictures = torch.fft.irfft2(rows, s=kernel)
    weight.copy_(pictures * math.sqrt(2 / _fans(weight)[0] / float(pictures.var())))


def identity_like(weight: Tensor, generator: torch.Generator) -> None:
    """Small random weights, plus 1 from channel i to channel i at the kernel's centre: what comes in goes out."""
    filters, channels, *kernel = weight.shape
    bound = 0.1 / (math.prod(kernel) * filters * channels)
    nn.init.uniform_(weight, -bound, bound, generator=generator)
    shared = torch.arange(min(filters, channels))
    weight[shared, shared, kernel[0] // 2, kernel[1] // 2] += 1


def blocked(start: Start, factor: int) -> Start:
    """ICNR (Aitken et al. 2017): equal weights within a block that is shuffled into `factor` × `factor` pixels."""

    def start_blocks(weight: Tensor, generator: torch.Generator) -> None:
        once = torch.empty(weight.shape[0] // factor**2, *weight.shape[1:])
        start(once, generator)
        weight.copy_(once.repeat_interleave(factor**2, 0))

    return start_blocks


@torch.no_grad()
def start_weights(
    network: nn.Module,
    *,
    seed: int,
    initialiser: Initialiser = "own",
    icnr: bool = False,
    only: Sequence[str] | None = None,
) -> None:
    """Fill all weights of a network of `understudy.blocks`; biases are 0.

    Of the network's parts, `only` those so named, where that is given.

    `initialiser` other than "own" stands for all convolutions larger than 1 × 1; `icnr` equalises those before a pixel
    shuffle. Layers that others brought along (encoders of a library) keep what they have.
    """
    for name, module in _started(network).items():
        if only is None or is_below(name, only):
            start = _chosen(module, cast(Start, module.start), initialiser, icnr=icnr)
            weight = torch.empty(module.weight.shape)  # drawn on the CPU, whatever the device
            start(weight, torch_generator(seed, f"initial weights {name}"))
            module.weight.copy_(weight)
            if module.bias is not None:
                module.bias.zero_()


def filled_weights(network: nn.Module) -> set[str]:
    """The names of the weights that `start_weights` fills."""
    return {f"{name}.{each}" for name, module in _started(network).items() for each, _ in module.named_parameters()}


def _started(network: nn.Module) -> dict[str, nn.Conv2d | nn.ConvTranspose2d | nn.Linear]:
    return {name: module for name, module in network.named_modules() if hasattr(module, "start")}


def _chosen(module: nn.Module, own: Start, initialiser: Initialiser, *, icnr: bool) -> Start:
    chosen = own
    if initialiser != "own" and isinstance(module, nn.Conv2d) and max(module.kernel_size) > 1:
        chosen = {
            "he_uniform": he_uniform,
            "convolution_aware": convolution_aware,
            "identity_like": identity_like,
        }[initialiser]
    factor = getattr(module, "shuffled_by", 1)
    return blocked(chosen, factor) if icnr and factor > 1 else chosen


def _orthonormal_spectra(number: int, kernel: list[int], generator: torch.Generator) -> Tensor:
    """`number` half spectra of real kernels; as many as fit are orthonormal, then another set begins."""
    height, width = kernel[0], kernel[1] // 2 + 1
    sets = [
        torch.linalg.qr(torch.randn(height * width, height * width, generator=generator))[0]
        for _ in range(-(-number // (height * width)))
    ]
    return torch.cat(sets)[:number].view(number, height, width).to(torch.complex64)


def _fans(weight: Tensor) -> tuple[int, int]:
    """Values that one result is a sum of, and results that one value goes into."""
    taps = math.prod(weight.shape[2:])
    return weight.shape[1] * taps, weight.shape[0] * taps
