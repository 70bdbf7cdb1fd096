"""Phaze-A's fully connected parts: from the code to a small picture of many channels, and from the code to a style."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator
from torch import nn

from understudy.blocks.chance import Chain, Dropout
from understudy.blocks.convolution import Dense
from understudy.blocks.upscaling import Enlarged, Leaky
from understudy.errors import SettingsError
from understudy.params import Settings
from understudy.phaze_a.curves import halved_to, spread
from understudy.phaze_a.gblock import GblockSettings
from understudy.phaze_a.upscaling import upscaling


class FcSettings(Settings):
    """What the fully connected parts are built of."""

    depth: int = Field(default=1, ge=0, le=16)
    """Dense layers; with none, the code itself is what is enlarged, and must have as many values."""
    min_filters: int = Field(default=1024, ge=8, le=5120)
    """Channels that the first dense layer has values for."""
    max_filters: int = Field(default=1024, ge=8, le=5120)
    """Channels of what the last one makes."""
    dimensions: int = Field(default=4, ge=1, le=16)
    """Most pixels that what they make has to a side. Outputs that no doublings reach from there start from less, with
    as many more channels."""
    slope: float = Field(default=-0.5, ge=-0.99, le=0.99)
    """How layers grow between: below 0 quickly, above slowly."""
    dropout: float = Field(default=0.0, ge=0, le=0.99)
    """Share of the values that drop out before each dense layer while learning."""
    upsampler: Literal["upsample2d", "subpixel", "resize_images", "fast", "hybrid"] = "upsample2d"
    """How what they make is enlarged: upsample2d repeats pixels and has no weights."""
    upsamples: int = Field(default=1, ge=0, le=4)
    """How often."""
    upsample_filters: int = Field(default=512, ge=8, le=5120)
    """Channels after that, but with upsample2d, which keeps them."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.min_filters > self.max_filters:
            raise ValueError(f"fc.min_filters of {self.min_filters} is more than max_filters, {self.max_filters}; swap")
        return self

    def channels(self, output_px: int) -> int:
        """Channels of what the dense layers make. Raises SettingsError where the output's least side leaves none."""
        channels = self._fitted(self.max_filters, output_px)
        if not channels:
            raise SettingsError(
                f"params.yaml: models.phaze_a.output_px: {output_px} halves to {halved_to(output_px, 1)} pixels and no "
                "further, which dense layers cannot make; take a multiple of a larger power of two"
            )
        return channels

    def channels_out(self, output_px: int) -> int:
        """Channels of what the whole part makes, but for a decoder's doublings."""
        enlarges = self.upsamples and self.upsampler != "upsample2d"
        return self.upsample_filters if enlarges else self.channels(output_px)

    def side_out(self, output_px: int) -> int:
        """Side of what the whole part makes, but for a decoder's doublings. Raises SettingsError above the output's."""
        side = halved_to(output_px, self.dimensions) << self.upsamples
        if side >= output_px:
            raise SettingsError(
                f"params.yaml: models.phaze_a.fc: what it makes is {side} pixels wide, not less than the output of "
                f"{output_px}; lower dimensions or upsamples"
            )
        return side

    def nodes(self, output_px: int) -> list[int]:
        """Values that each dense layer makes."""
        pixels = halved_to(output_px, self.dimensions) ** 2
        least, most = (self._fitted(filters, output_px) * pixels for filters in (self.min_filters, self.max_filters))
        return [*spread(least, most, self.depth, slope=self.slope)[:-1], most] if self.depth else []

    def _fitted(self, filters: int, output_px: int) -> int:
        """As many values on a smaller or larger side: filters, in multiples of 16."""
        side = halved_to(output_px, self.dimensions)
        return filters if side == self.dimensions else filters * self.dimensions**2 // side**2 // 16 * 16


def fully_connected(settings: FcSettings, code: int, *, output_px: int) -> Chain:
    """From (B, code) to (B, channels_out, side_out, side_out).

    Raises SettingsError where there are no dense layers and the code has another number of values than is enlarged.
    """
    side, channels = halved_to(output_px, settings.dimensions), settings.channels(output_px)
    if not settings.depth and code != channels * side**2:
        raise SettingsError(
            f"params.yaml: models.phaze_a.fc.depth: without dense layers the code must have {channels * side**2} "
            f"values, {channels} channels of {side} × {side}, and has {code}; change bottleneck.size or fc.max_filters"
        )
    dense = _dense(settings.dropout, [code, *settings.nodes(output_px)])
    return Chain(*dense, nn.Unflatten(1, (channels, side, side)), *_enlarged(settings, channels))


def style_maker(settings: GblockSettings, code: int) -> Chain:
    """From (B, code) to a style (B, max_nodes)."""
    nodes = spread(settings.min_nodes, settings.max_nodes, settings.depth, slope=settings.slope)
    return Chain(*_dense(settings.dropout, [code, *nodes[:-1], settings.max_nodes]))


def _dense(dropout: float, sizes: list[int]) -> list[nn.Module]:
    return [layer for pair in pairwise(sizes) for layer in (Dropout(dropout), Dense(*pair))]


def _enlarged(settings: FcSettings, channels: int) -> list[nn.Module]:
    if settings.upsampler == "upsample2d":
        return [Enlarged(1 << settings.upsamples, "nearest"), Leaky(0.1)] if settings.upsamples else []
    widths = [channels, *[settings.upsample_filters] * settings.upsamples]
    return [upscaling(settings.upsampler, *pair) for pair in pairwise(widths)]
