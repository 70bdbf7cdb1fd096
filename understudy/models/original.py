"""The original autoencoder: a shared encoder with a dense bottleneck and two decoders, 64 × 64 pixels.

82,062,470 parameters, layer by layer those of the first public face swappers: 5 × 5 convolutions of stride 2 padded
as Keras pads (`same`: one row and column before, two after), He-uniform weights, Glorot-uniform dense layers,
LeakyReLU 0.1, sub-pixel upscaling. Depth to space takes channels as torch does (c, y, x); Keras takes them (y, x, c),
which is the same network with its filters renamed. The dense code is laid out as channels, then rows, then columns.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.layers import SLOPE
from understudy.randomness import torch_generator

RESOLUTION_PX = 64


class Settings(AutoencoderSettings):
    """The original autoencoder: large and slow; hours on a GPU, not minutes on a CPU."""


class Model(Autoencoder):
    """The original autoencoder."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        network = Network(generator=torch_generator(seed, "initial weights"))
        super().__init__(network, settings, input_px=RESOLUTION_PX, output_px=RESOLUTION_PX, seed=seed, device=device)


class Network(nn.Module):
    """(B, 3, 64, 64) and a side, 0 or 1, to (B, 3, 64, 64); RGB 0–1."""

    def __init__(self, *, generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(_Halve(before, after) for before, after in ((3, 128), (128, 256), (256, 512), (512, 1024))),
            nn.Flatten(),
            nn.Linear(1024 * 4 * 4, 1024),
            nn.Linear(1024, 1024 * 4 * 4),
            nn.Unflatten(1, (1024, 4, 4)),
            _Double(1024, 512),
        )
        self.decoders = nn.ModuleList(_decoder() for _ in range(2))
        for layer in self.modules():
            _initialise(layer, generator)

    def forward(self, faces_B3HW: Tensor, side: int) -> Tensor:
        """What `side`'s decoder makes of the faces."""
        return torch.as_tensor(self.decoders[side](self.encoder(faces_B3HW)))


class _Halve(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels_out, 5, 2)

    def forward(self, features: Tensor) -> Tensor:
        return functional.leaky_relu(self.convolution(functional.pad(features, (1, 2, 1, 2))), SLOPE)


class _Double(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, 4 * channels_out, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        return functional.pixel_shuffle(functional.leaky_relu(self.convolution(features), SLOPE), 2)


def _decoder() -> nn.Sequential:
    return nn.Sequential(
        _Double(512, 256), _Double(256, 128), _Double(128, 64), nn.Conv2d(64, 3, 5, padding=2), nn.Sigmoid()
    )


def _initialise(layer: nn.Module, generator: torch.Generator) -> None:
    if isinstance(layer, nn.Conv2d):
        bound = math.sqrt(6 / nn.init._calculate_correct_fan(layer.weight, "fan_in"))
        nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    elif isinstance(layer, nn.Linear):
        nn.init.xavier_uniform_(layer.weight, generator=generator)
        nn.init.zeros_(layer.bias)
