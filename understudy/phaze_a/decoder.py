"""Phaze-A's decoders, the first steps of which may lie in the fully connected part."""

import math
from itertools import pairwise
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from understudy.blocks.chance import Chain, Noise, Stochastic
from understudy.blocks.convolution import Convolution
from understudy.blocks.decoding import ToPicture
from understudy.blocks.norms import BatchNorm, ChannelNorm, SampleNorm
from understudy.blocks.upscaling import Leaky, Residual
from understudy.errors import SettingsError
from understudy.params import Settings
from understudy.phaze_a.curves import SlopeMode, spread
from understudy.phaze_a.upscaling import Upscaling, upscaling

Norm = Literal["none", "batch", "group", "instance", "layer", "rms"]
GROUPS = 32
NOISE = 1.0


class DecoderSettings(Settings):
    """What the decoders are built of."""

    upscaling: Upscaling = "subpixel"
    """How a side is doubled: subpixel is sharp; hybrid and fast put bilinear enlargement beside it, against
    checkerboards; resize_images is bilinear with transposed convolutions; dny is smooth, and light at high
    resolutions."""
    upscalings_in_fc: int = Field(default=0, ge=0, le=6)
    """Doublings that the fully connected part makes; they are then shared or split as it is."""
    norm: Norm = "none"
    """Normalisation after each doubling; steadies deep decoders and may shift colours."""
    min_filters: int = Field(default=64, ge=8, le=512)
    """Filters of the last doubling."""
    max_filters: int = Field(default=512, ge=8, le=5120)
    """Filters of the first."""
    slope_mode: SlopeMode = "full"
    """How filters fall between: along a curve to the end (full), or by the same share each, held at the most
    (cap_max) or at the least (cap_min) for the steps that are left."""
    slope: float = Field(default=-0.45, ge=-0.99, le=0.99)
    """Of that curve: below 0 filters fall quickly, above slowly; -0.45 halves 512 to 64 in four steps."""
    res_blocks: int = Field(default=1, ge=0, le=8)
    """Residual blocks after each doubling: detail, for twice the arithmetic."""
    output_kernel: Literal[1, 3, 5, 7, 9] = 5
    """Side of the last convolution; small ones are sharper and noisier."""
    gaussian: bool = True
    """Whether noise is added after each doubling while learning."""
    skip_last_residual: bool = True
    """Whether the last doubling has no residual block, at the highest and dearest resolution."""

    @model_validator(mode="after")
    def _falls(self) -> Self:
        if self.min_filters > self.max_filters:
            raise ValueError(
                f"decoder.min_filters of {self.min_filters} is more than max_filters, {self.max_filters}; swap them"
            )
        return self


class Decoder(Stochastic):
    """From (B, channels, H, W) to pictures, and masks where they are learnt."""

    def __init__(self, settings: DecoderSettings, channels: int, widths: list[int], *, learn_mask: bool) -> None:
        super().__init__()
        first = upscaled(settings, channels, widths, is_first=settings.upscalings_in_fc == 0)
        self.picture = Chain(*first, ToPicture(widths[-1], kernel=settings.output_kernel))
        plain = DecoderSettings.model_validate(settings.model_dump() | {"res_blocks": 0, "gaussian": False})
        ups = upscaled(plain, channels, widths, is_first=settings.upscalings_in_fc == 0) if learn_mask else []
        self.mask = Chain(*ups, ToPicture(widths[-1], 1, kernel=settings.output_kernel)) if learn_mask else None

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """(B, 3, P, P), RGB 0–1."""
        return torch.as_tensor(self.picture(features, generator))


def decoder_widths(settings: DecoderSettings, doublings: int) -> list[int]:
    """Channels after each doubling, those in the fully connected part included."""
    return spread(settings.max_filters, settings.min_filters, doublings, slope=settings.slope, mode=settings.slope_mode)


def split_widths(settings: DecoderSettings, widths: list[int]) -> tuple[list[int], list[int]]:
    """Those in the fully connected part, and those in the decoder. Raises SettingsError when none is left to this."""
    inner = settings.upscalings_in_fc
    if inner >= len(widths):
        raise SettingsError(
            f"params.yaml: models.phaze_a.decoder.upscalings_in_fc: {inner} of {len(widths)} doublings; the decoder "
            "needs one at least, so lower it or fc.upsamples"
        )
    return widths[:inner], widths[inner:]


def upscaled(settings: DecoderSettings, channels: int, widths: list[int], *, is_first: bool) -> list[nn.Module]:
    """Layers of one doubling a width; the first of a dny network enter by two convolutions more."""
    layers: list[nn.Module] = []
    if is_first and settings.upscaling == "dny":
        most = settings.max_filters
        layers += [Convolution(channels, most, 4), Leaky(0.2), Convolution(most, most, 3), Leaky(0.2)]
        channels = most
    last = len(widths) - 1
    for index, (before, after) in enumerate(pairwise([channels, *widths])):
        layers += _doubled(settings, before, after, skips=index == last and settings.skip_last_residual)
    return layers


def _doubled(settings: DecoderSettings, before: int, after: int, *, skips: bool) -> list[nn.Module]:
    layers = [upscaling(settings.upscaling, before, after)]
    layers += [Noise(NOISE)] if settings.gaussian else []
    layers += _normed(settings.norm, after)
    if settings.res_blocks and not skips:
        return [*layers, Leaky(0.2), *(Residual(after) for _ in range(settings.res_blocks))]
    return layers if settings.upscaling == "dny" else [*layers, Leaky(0.1)]


def _normed(norm: Norm, channels: int) -> list[nn.Module]:
    if norm == "none":
        return []
    if norm == "batch":
        return [BatchNorm(channels)]
    if norm == "group":
        return [nn.GroupNorm(math.gcd(GROUPS, channels), channels)]
    return [SampleNorm() if norm == "instance" else ChannelNorm(channels, centres=norm == "layer")]
