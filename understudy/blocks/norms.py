"""Normalisation. None keeps anything while learning: what painting needs to know is measured apart."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from understudy.blocks.chance import Stochastic
from understudy.networks import FaceNetwork
from understudy.precision import widened
from understudy.randomness import torch_generator

EPSILON = 1e-3


class SampleNorm(nn.Module):
    """Each sample of mean 0 and deviation 1 over all its channels and pixels; one scale and one shift for all."""

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        features = widened(features)
        axes = tuple(range(1, features.ndim))
        centred = features - features.mean(axes, keepdim=True)
        deviation = (centred.square().mean(axes, keepdim=True) + 1e-12).sqrt()  # the root has no slope at 0
        return self.scale * centred / (deviation + EPSILON) + self.shift


class ChannelNorm(nn.Module):
    """Each pixel of mean 0 and variance 1 over its channels (Ba et al. 2016); of a vector, over its values.

    Without `centres`, only of mean square 1 (Zhang and Sennrich 2019).
    """

    def __init__(self, channels: int, *, centres: bool = True) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels)) if centres else None

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        features = widened(features)
        if self.shift is not None:
            features = features - features.mean(1, keepdim=True)
        scaled = _spread(self.scale, features) * features
        scaled = scaled * (features.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        return scaled if self.shift is None else scaled + _spread(self.shift, features)


class BatchNorm(Stochastic):
    """Each channel of mean 0 and variance 1, then scaled and shifted (Ioffe and Szegedy 2015).

    While learning, of the faces at hand; while painting, of what `measure_populations` found.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, *, epsilon: float = EPSILON) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The same shape."""
        features = widened(features)
        mean, variance = (self.mean, self.variance) if generator is None else _moments(features)
        factor = self.scale * (variance + self.epsilon).rsqrt()
        return features * _spread(factor, features) + _spread(self.shift - mean * factor, features)


@torch.no_grad()
def measure_populations(network: FaceNetwork, faces: Iterable[tuple[str, Tensor]]) -> None:
    """What batch norms of a network use while painting: moments over batches of faces (person, (B, 3, H, W)).

    Measured with the weights as they are (precise batch norm, Wu and Johnson 2021), so that averaged weights have
    their own, and nothing depends on the order of a training's parts.
    """
    norms = [each for each in network.modules() if isinstance(each, BatchNorm)]
    if not norms:
        return
    generator = torch_generator(0, "populations")
    with _moments_seen(norms) as seen:
        for person, batch in faces:
            network.learn({person: batch}, generator=generator)
    for norm in norms:
        if seen[norm]:
            means, variances = (torch.stack(each) for each in zip(*seen[norm], strict=True))
            norm.mean.copy_(means.mean(0))
            norm.variance.copy_(variances.mean(0) + means.var(0, correction=0))


@contextmanager
def _moments_seen(norms: list[BatchNorm]) -> Iterator[dict[nn.Module, list[tuple[Tensor, Tensor]]]]:
    seen: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {norm: [] for norm in norms}

    def note(norm: nn.Module, given: tuple[Tensor, torch.Generator | None]) -> None:
        if given[1] is not None:  # those of frozen parts do not learn
            seen[norm].append(_moments(given[0]))

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    axes = (0, *range(2, features.ndim))
    mean = features.mean(axes)
    return mean, (features - _spread(mean, features)).square().mean(axes)


def _spread(channels: Tensor, features: Tensor) -> Tensor:
    return channels.view(-1, *(1,) * (features.ndim - 2))
