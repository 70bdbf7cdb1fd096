"""Layers that do otherwise while learning than while painting: given a generator they learn, without one they paint.

Chance comes from that generator alone, and no layer keeps anything of what it saw, so that several parts of a batch
can go through a network at once.
"""

import torch
from torch import Tensor, nn


class Stochastic(nn.Module):
    """A layer, or a part of a network, that must be told whether it learns."""

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """What becomes of the features; while learning, chance is drawn from `generator`."""
        raise NotImplementedError


class Chain(Stochastic):
    """Layers one after another; the generator goes to those that ask for one."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """What the last layer makes."""
        for layer in self.layers:
            features = layer(features, generator) if isinstance(layer, Stochastic) else layer(features)
        return features


class Dropout(Stochastic):
    """While learning, a share of the values is 0 and the rest so much larger (Srivastava et al. 2014)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The same shape."""
        if generator is None or not self.share:
            return features
        kept = torch.empty(self._drawn(features), device=features.device)
        kept.bernoulli_(1 - self.share, generator=_on(features.device, generator))
        return features * kept / (1 - self.share)

    def _drawn(self, features: Tensor) -> torch.Size:
        return features.shape


class ChannelDropout(Dropout):
    """As Dropout, but whole channels: their pixels tell the same and would make up for each other."""

    def _drawn(self, features: Tensor) -> torch.Size:
        return features.shape[:2] + (1,) * (features.ndim - 2)


class Noise(Stochastic):
    """While learning, normal noise of a standard deviation is added."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The same shape."""
        if generator is None:
            return features
        noise = torch.empty_like(features, memory_format=torch.contiguous_format)
        return features + noise.normal_(0, self.deviation, generator=_on(features.device, generator))


def _on(device: torch.device, generator: torch.Generator) -> torch.Generator:
    """The generator itself on the CPU, and where nothing is computed; elsewhere one of that device which it seeds."""
    if device.type in ("cpu", "meta"):
        return generator
    seed = int(torch.randint(2**63 - 1, (), generator=generator))
    return torch.Generator(device).manual_seed(seed)
