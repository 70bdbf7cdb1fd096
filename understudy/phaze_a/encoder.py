"""Phaze-A's encoders: its own, plain or as of Disney's network, or one of a library."""

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator
from torch import nn

from understudy.blocks.convolution import Convolution
from understudy.blocks.upscaling import Leaky
from understudy.errors import SettingsError
from understudy.params import Settings
from understudy.phaze_a.architectures import ARCHITECTURES, Architecture
from understudy.phaze_a.backbones import Backbone, made_of
from understudy.phaze_a.bottleneck import Features

LAST_KERNEL = 4


class EncoderSettings(Settings):
    """What looks at the faces."""

    architecture: Architecture = "fs_original"
    """fs_original is plain convolutions. The others are deep, and worth most with weights that know pictures already:
    efficientnet, convnext and clipv for likeness, mobilenet where memory is short."""
    scaling: int = Field(default=7, ge=1, le=200)
    """Side of what is seen, in percent of the architecture's own (fs_original 1024), down to a multiple of 16."""
    weights: str | None = None
    """File of weights that the encoder starts with, of any architecture but fs_original; null lets it start from
    nothing. Painting needs no such file."""
    sha256: str | None = Field(default=None, pattern="[0-9a-f]{64}")
    """SHA-256 of that file."""
    frozen: bool = False
    """Whether the encoder keeps those weights; training is then lighter, and knows only what they know."""
    depth: int = Field(default=4, ge=2, le=10)
    """Of fs_original: convolutions of stride 2; with `dny`, steps of which all but the last halve the side."""
    min_filters: int = Field(default=128, ge=4, le=2048)
    """Of fs_original: filters of the first, which double from step to step."""
    max_filters: int = Field(default=1024, ge=4, le=8192)
    """Of fs_original: where they stop to."""
    dny: bool = False
    """Of fs_original: two 3 × 3 convolutions a step and averaged halves (Naruniec et al. 2020), for large pictures."""

    @model_validator(mode="after")
    def _has_what_it_starts_with(self) -> Self:
        if (self.weights is None) != (self.sha256 is None):
            raise ValueError("encoder.weights and encoder.sha256 belong together; give both, or null for both")
        if self.weights is not None and self.architecture == "fs_original":
            raise ValueError("encoder.weights: fs_original has none to start with; take another architecture, or null")
        if self.frozen and self.weights is None:
            raise ValueError("encoder.frozen: an encoder without weights cannot but learn; give weights, or set false")
        return self


def seen_px(settings: EncoderSettings) -> int:
    """Side of the faces that the encoder sees."""
    return ARCHITECTURES[settings.architecture].seen_px(settings.scaling)


def encoder(settings: EncoderSettings) -> tuple[nn.Module, Features]:
    """Layers from (B, 3, P, P) to features, and their shape. Raises SettingsError where the side is too small."""
    if settings.architecture == "fs_original":
        return _own(settings)
    known, side = ARCHITECTURES[settings.architecture], seen_px(settings)
    return Backbone(known, side, frozen=settings.frozen), Features(*made_of(known, side))


def _own(settings: EncoderSettings) -> tuple[nn.Module, Features]:
    side = seen_px(settings)
    widths = [min(settings.max_filters, settings.min_filters << index) for index in range(settings.depth + 1)]
    halvings = settings.depth - settings.dny
    left = -(-side // 2**halvings)
    if settings.dny and left < LAST_KERNEL:
        raise SettingsError(
            f"params.yaml: models.phaze_a.encoder.depth: {settings.depth} steps leave {left} of {side} pixels, but the "
            f"last needs {LAST_KERNEL}; lower depth or raise scaling"
        )
    if settings.dny:
        return _dny(widths), Features(widths[-1], left - LAST_KERNEL + 1)
    layers = [
        layer for pair in pairwise([3, *widths[:-1]]) for layer in (Convolution(*pair, kernel=5, stride=2), Leaky(0.1))
    ]
    return nn.Sequential(*layers), Features(widths[-2], left)


def _dny(widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = [Convolution(3, widths[0], 1), Leaky(0.2)]
    for before, after in pairwise(widths[:-1]):
        layers += [Convolution(before, before, 3), Leaky(0.2), Convolution(before, after, 3), Leaky(0.2)]
        layers.append(nn.AvgPool2d(2))
    layers += [Convolution(widths[-2], widths[-2], 3), Leaky(0.2), Narrowed(widths[-2], widths[-1]), Leaky(0.2)]
    return nn.Sequential(*layers)


class Narrowed(Convolution):
    """A convolution without padding."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, LAST_KERNEL)

    def _around(self, side: int) -> tuple[int, int]:
        del side
        return 0, 0
