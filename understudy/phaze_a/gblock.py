"""Phaze-A's G-block: a style, made of the code, that recolours what the fully connected part made."""

from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.chance import Chain, Noise
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.starts import glorot_uniform, he_normal
from understudy.blocks.upscaling import Leaky
from understudy.params import Settings
from understudy.precision import widened

ROUNDS = 2
STYLE_LAYERS = 3
NOISE = 1.0
EPSILON = 1e-3


class GblockSettings(Settings):
    """The dense layers that make the style."""

    depth: int = Field(default=3, ge=1, le=16)
    """Dense layers."""
    min_nodes: int = Field(default=512, ge=8, le=5120)
    """Values of the first."""
    max_nodes: int = Field(default=512, ge=8, le=5120)
    """Values of the last."""
    slope: float = Field(default=-0.5, ge=-0.99, le=0.99)
    """How they grow between: below 0 quickly, above slowly."""
    dropout: float = Field(default=0.0, ge=0, le=0.99)
    """Share of the values that drop out before each layer while learning."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.min_nodes > self.max_nodes:
            raise ValueError(f"gblock.min_nodes of {self.min_nodes} is more than max_nodes, {self.max_nodes}; swap")
        return self


class Gblock(nn.Module):
    """Two rounds of adaptive instance normalisation (Huang and Belongie 2017) with noise (Karras et al. 2019)."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(STYLE_LAYERS):
            layers += [Dense(style, style, start=he_normal), Leaky(0.1)]
        self.style = nn.Sequential(*layers[:-1])
        self.enter = Chain(Convolution(channels, channels, 3), Noise(NOISE))
        self.rounds = nn.ModuleList(Round(channels, style, convolves=index == ROUNDS - 1) for index in range(ROUNDS))

    def forward(self, features: Tensor, style: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(B, channels, H, W), of a style (B, nodes)."""
        styled = self.style(style)
        features = self.enter(features, generator)
        for each in self.rounds:
            features = each(features, styled, generator)
        return features


class Round(nn.Module):
    """Noisy features beside those that are normalised and take their scale and shift from the style."""

    def __init__(self, channels: int, style: int, *, convolves: bool) -> None:
        super().__init__()
        self.shift, self.scale = Dense(style, channels), Dense(style, channels)
        self.noisy = Chain(Noise(NOISE), Convolution(channels, channels, 1, start=glorot_uniform))
        self.convolution = Convolution(channels, channels, 3, start=glorot_uniform) if convolves else None

    def forward(self, features: Tensor, style: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The same shape."""
        noisy = self.noisy(features, generator)
        if self.convolution is not None:
            features = self.convolution(features)
        features = widened(features)
        centred = features - features.mean((2, 3), keepdim=True)
        normed = centred / ((centred.square().mean((2, 3), keepdim=True) + 1e-12).sqrt() + EPSILON)
        styled = normed * self.scale(style)[..., None, None] + self.shift(style)[..., None, None]
        return torch.as_tensor(functional.leaky_relu(styled + noisy, 0.2))
