"""The parts of DeepFaceLab's networks: encoder, inter, decoder, for the families df, liae and amp.

Convolutions of stride 2 are padded symmetrically, all weights start Glorot-uniform. Four options, any of which may be
chosen: u divides the encoder's result by its root mean square, d paints four pixels where there was one, t is deeper,
c takes x · cos(x) where LeakyReLU stood. No normalisation anywhere but u.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from pydantic import Field, ValidationInfo, field_validator
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import AutoencoderSettings
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.starts import glorot_uniform
from understudy.blocks.upscaling import Leaky, Residual, Subpixel
from understudy.precision import widened

OPTIONS = "udtc"
OUTER_SLOPE, INNER_SLOPE = 0.1, 0.2  # of what halves or doubles, and of what refines
LEAST_MASK_DIMS = 16
TINY = 1e-6  # added to mean squares


class Widths(AutoencoderSettings):
    """How wide the parts are, of df, liae and amp."""

    e_dims: int = Field(default=64, ge=16, le=256, multiple_of=2)
    """Filters of the encoder's first convolution; all others of it follow. More sees more, at its square in cost."""
    d_dims: int = Field(default=64, ge=16, le=256, multiple_of=2)
    """Filters of the decoders, likewise. More paints finer, and is most of what a step costs."""
    d_mask_dims: int | None = Field(default=None, ge=LEAST_MASK_DIMS, le=256, multiple_of=2)
    """Filters of the mask branch; none is a third of d_dims, made even. Hair and hands before the face want more."""
    ae_dims: int = Field(default=256, ge=32, le=1024)
    """Values that a face is reduced to; too few lose expressions, too many keep the person."""

    @property
    def mask_dims(self) -> int:
        """Filters of the mask branch, as chosen or a third of the decoder's."""
        third = self.d_dims // 3
        return self.d_mask_dims or max(third + third % 2, LEAST_MASK_DIMS)


class Optioned(Widths):
    """What df and liae share: the options and the resolution they allow."""

    options: str = "ud"
    """Any of the letters u, d, t, c, in any order. u: better likeness; d: a quarter of the arithmetic for the same
    side; t: deeper, nearer to the source, with twice the weights in encoder and decoders; c: another activation."""
    resolution_px: int = Field(default=128, ge=64, le=640)
    """Side of what is seen and painted: a multiple of 16, with the options d or t of 32."""

    @field_validator("options")
    @classmethod
    def _are_known(cls, options: str) -> str:
        if set(options) - set(OPTIONS) or len(set(options)) < len(options):
            raise ValueError("options are letters of u, d, t and c, each once at most")
        return "".join(letter for letter in OPTIONS if letter in options)

    @field_validator("resolution_px")
    @classmethod
    def _fits(cls, resolution_px: int, info: ValidationInfo) -> int:
        if {"d", "t"} & set(info.data.get("options", "")):
            return multiple(resolution_px, 32, reason="which the options d and t ask for")
        return multiple(resolution_px, 16, reason="which four halvings ask for")


def multiple(resolution_px: int, divisor: int, *, reason: str) -> int:
    """The resolution; raises ValueError with the nearest ones that would do when it is no multiple of `divisor`."""
    below = resolution_px // divisor * divisor
    if below != resolution_px:
        nearest = " or ".join(str(side) for side in (below, below + divisor) if side >= 64)
        raise ValueError(f"must be a multiple of {divisor}, {reason}; take {nearest}")
    return resolution_px


class Waves(nn.Module):
    """x · cos(x)."""

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        return features * features.cos()


class RootMeanSquare(nn.Module):
    """Every face's values divided by their root mean square (pixel norm of a flat vector, Karras et al. 2018)."""

    def forward(self, flat_BN: Tensor) -> Tensor:
        """(B, N), as it came."""
        flat_BN = widened(flat_BN)
        return flat_BN * torch.rsqrt(flat_BN.square().mean(1, keepdim=True) + TINY)


def encoder(e_dims: int, *, options: str) -> nn.Sequential:
    """Faces (B, 3, R, R) to flat vectors (B, 8 · e_dims · (R / 16)²), with t (R / 32)²."""
    halvings = [e_dims, 2 * e_dims, 4 * e_dims, 8 * e_dims] + [8 * e_dims] * ("t" in options)
    layers: list[nn.Module] = []
    for index, pair in enumerate(pairwise([3, *halvings])):
        layers += [_strided(*pair), _activation(OUTER_SLOPE, options)]
        if "t" in options and index in (0, len(halvings) - 1):
            layers.append(_refined(pair[1], options))
    norm = [RootMeanSquare()] if "u" in options else []
    return nn.Sequential(*layers, nn.Flatten(), *norm)


def encoded(resolution_px: int, e_dims: int, *, options: str) -> int:
    """The number of values of what `encoder` makes of a face."""
    return 8 * e_dims * (resolution_px // (32 if "t" in options else 16)) ** 2


def inter(values: int, ae_dims: int, channels: int, *, resolution_px: int, options: str) -> nn.Sequential:
    """Flat vectors to codes (B, channels, S, S) by two dense layers; S is R / 8, with d half of it, with t too."""
    side = resolution_px // (32 if "d" in options else 16)
    spread = [Dense(values, ae_dims), Dense(ae_dims, channels * side**2), nn.Unflatten(1, (channels, side, side))]
    return nn.Sequential(*spread, *([] if "t" in options else _doubled(channels, channels, options)))


class Decoder(nn.Module):
    """Codes to a picture, and to a mask by a branch of its own."""

    def __init__(self, channels_in: int, d_dims: int, mask_dims: int, *, options: str) -> None:
        super().__init__()
        factors = [8, 8, 4, 2] if "t" in options else [8, 4, 2]
        widths = [channels_in, *(factor * d_dims for factor in factors)]
        refined = [[*_doubled(*pair, options), _refined(pair[1], options)] for pair in pairwise(widths)]
        self.doublings = nn.Sequential(*(layer for layers in refined for layer in layers))
        self.heads = nn.ModuleList(
            _unstrided(widths[-1], 3, kernel) for kernel in ((1, 3, 3, 3) if "d" in options else (1,))
        )
        widths = [channels_in, *(factor * mask_dims for factor in factors), *([mask_dims] if "d" in options else [])]
        self.mask_doublings = nn.Sequential(*(layer for pair in pairwise(widths) for layer in _doubled(*pair, options)))
        self.mask_head = _unstrided(widths[-1], 1, 1)

    def forward(self, code: Tensor) -> Tensor:
        """(B, 3, R, R), RGB 0–1."""
        features = self.doublings(code)
        if len(self.heads) == 1:
            return torch.sigmoid(self.heads[0](features))
        by_subpixel = torch.stack([head(features) for head in self.heads], 2)  # head k fills row k // 2, column k % 2
        return torch.sigmoid(functional.pixel_shuffle(by_subpixel.flatten(1, 2), 2))

    def mask(self, code: Tensor) -> Tensor:
        """(B, 1, R, R), 0–1."""
        return torch.sigmoid(self.mask_head(self.mask_doublings(code)))


def _activation(slope: float, options: str) -> nn.Module:
    return Waves() if "c" in options else Leaky(slope)


def _strided(channels_in: int, channels_out: int) -> Convolution:
    return Convolution(channels_in, channels_out, 5, stride=2, start=glorot_uniform, padding="symmetric")


def _unstrided(channels_in: int, channels_out: int, kernel: int) -> Convolution:
    return Convolution(channels_in, channels_out, kernel, start=glorot_uniform)


def _refined(channels: int, options: str) -> Residual:
    activation = _activation(INNER_SLOPE, options)
    return Residual(channels, first=glorot_uniform, second=glorot_uniform, activation=activation)


def _doubled(channels_in: int, channels_out: int, options: str) -> Sequence[nn.Module]:
    shuffled = Subpixel(channels_in, channels_out, slope=None, start=glorot_uniform)
    return shuffled, _activation(OUTER_SLOPE, options)  # value by value, so it may as well come after the shuffle
