"""What Phaze-A makes of the encoder's features before anything dense."""

from typing import Literal, NamedTuple

from pydantic import Field
from torch import Tensor, nn

from understudy.blocks.convolution import Dense
from understudy.blocks.norms import ChannelNorm, SampleNorm
from understudy.params import Settings


class BottleneckSettings(Settings):
    """How features become a code."""

    kind: Literal["average_pooling", "dense", "max_pooling", "flatten"] = "dense"
    """dense keeps where things are, in `size` values, and is large; the poolings keep one value a channel, and suit
    deep encoders; flatten keeps all."""
    norm: Literal["none", "instance", "layer", "rms"] = "none"
    """Normalisation of the features before."""
    size: int = Field(default=1024, ge=8, le=4096)
    """Values of a dense code."""
    in_encoder: bool = True
    """Whether it is the encoder's, and so shared; otherwise every fully connected part has its own."""


class Features(NamedTuple):
    """The shape of an encoder's features: (B, channels, side, side)."""

    channels: int
    side: int

    @property
    def values(self) -> int:
        """How many there are of a face."""
        return self.channels * self.side**2


def bottleneck(settings: BottleneckSettings, features: Features) -> nn.Sequential:
    """Layers from (B, channels, side, side) to (B, code_size)."""
    layers: list[nn.Module] = []
    if settings.norm != "none":
        is_joint = settings.norm == "instance"
        layers.append(SampleNorm() if is_joint else ChannelNorm(features.channels, centres=settings.norm == "layer"))
    if settings.kind in ("average_pooling", "max_pooling"):
        return nn.Sequential(*layers, Pooled(takes_largest=settings.kind == "max_pooling"))
    layers.append(nn.Flatten())
    if settings.kind == "dense":
        layers.append(Dense(features.values, settings.size))
    return nn.Sequential(*layers)


class Pooled(nn.Module):
    """The mean, or the largest, of each channel's pixels; torch's own pooling layers cannot be replayed on GPUs."""

    def __init__(self, *, takes_largest: bool) -> None:
        super().__init__()
        self.takes_largest = takes_largest

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, H, W) to (B, channels)."""
        return features.amax((2, 3)) if self.takes_largest else features.mean((2, 3))


def code_size(settings: BottleneckSettings, features: Features) -> int:
    """Values of what the bottleneck makes."""
    sizes = {"dense": settings.size, "flatten": features.values}
    return sizes.get(settings.kind, features.channels)
