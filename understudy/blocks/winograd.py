"""Convolutions of 3 × 3 with 2¼ times fewer products (Winograd 1980; Lavin & Gray 2016), for learning on a CPU.

Two by two pixels of a result need four by four of the features: 36 products a channel. The same sums come from 16
products of sums of features with sums of weights, summed up once more. What is left to multiply are sixteen plain
matrix products, which torch's CPU library computes at nearly the processor's full rate. The gradient of the features is
the same convolution with the weights turned half round; that of the weights, the sixteen products transposed.

The sums are of whole numbers and halves: results differ from direct convolution's by a few roundings.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from understudy.blocks.products import is_plain, product

LEAST_DEPTH = 128  # channels in and out, in parallel as resistors are; below, the sums cost more than the products save
TILES_AT_ONCE = 1024  # whose sums stay in a core's cache
LEAST_TILES = 128  # of two by two pixels of a batch; below, so do those of the weights
_ASKED = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])  # four sums of three weights in a row
_SQUARE = torch.kron(_ASKED, _ASKED)  # and sixteen of nine in a square
_TURNED = (3, 1, 2, 0)  # which of the sums is the same of the three in the opposite order


def pays(features: Tensor, weight: Tensor) -> bool:
    """Whether `convolve` is faster than torch's own for these (B, C, H, W) features and (O, C, K, K) weights."""
    batch, channels, height, width = features.shape
    results = len(weight)
    return (
        is_plain(features, weight)
        and weight.shape[2:] == (3, 3)
        and results * channels >= LEAST_DEPTH * (results + channels)
        and height % 2 == width % 2 == 0
        and batch * height * width >= 4 * LEAST_TILES
    )


def convolve(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(B, C, H, W) of even sides, padded by 1 and convolved with weights (O, C, 3, 3): (B, O, H, W)."""
    made: Tensor = _Convolve.apply(features, weight, bias)  # type: ignore[no-untyped-call]
    return made


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(
        context: torch.autograd.function.FunctionCtx, features: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        context.save_for_backward(features, weight)
        made = _convolved(features, _asked(weight))
        return made if bias is None else made.add_(bias[:, None, None])

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight = context.saved_tensors  # type: ignore[attr-defined]
        wants_features, wants_weight, wants_bias = context.needs_input_grad  # type: ignore[attr-defined]
        of_features = _convolved(gradient, _turned(_asked(weight))) if wants_features else None
        of_weight = _of_weight(features, gradient) if wants_weight else None
        return of_features, of_weight, gradient.sum((0, 2, 3)) if wants_bias else None


def _asked(weight: Tensor) -> list[list[Tensor]]:
    """Sums of weights (O, C, 3, 3), rows of (O, C)."""
    sums = product(_SQUARE, weight.reshape(-1, 9)).view(4, 4, *weight.shape[:2])
    return [list(row) for row in sums]


def _turned(asked: list[list[Tensor]]) -> list[list[Tensor]]:
    """The sums of the weights turned half round, from results to features."""
    return [[asked[row][column].t() for column in _TURNED] for row in _TURNED]


def _convolved(features: Tensor, asked: list[list[Tensor]]) -> Tensor:
    batch, _, height, width = features.shape
    made = torch.empty(batch, len(asked[0][0]), height, width)
    for some, into in zip(_few(features), _few(made), strict=True):
        into.permute(0, 2, 3, 1).copy_(_convolved_few(some, asked))
    return made


def _few(features: Tensor) -> Iterator[Tensor]:
    """So many pictures at once as a core's cache holds the sums of."""
    tiles = features.shape[-2] * features.shape[-1] // 4
    return iter(torch.split(features, max(1, TILES_AT_ONCE // tiles)))


def _convolved_few(features: Tensor, asked: list[list[Tensor]]) -> Tensor:
    batch, _, height, width = features.shape
    tiles = batch, height // 2, width // 2, len(asked[0][0])
    rows = []
    for seen, sums in zip(_seen(features), asked, strict=True):
        told = [product(some, of).view(tiles) for some, of in zip(seen, sums, strict=True)]
        rows.append(_told(told, torch.empty(batch, height // 2, width, tiles[-1]), axis=2))
    return _told(rows, torch.empty(batch, height, width, tiles[-1]), axis=1)


def _told(four: list[Tensor], two: Tensor, *, axis: int) -> Tensor:
    """`two`, along the axis filled with pairs: the first three's sum, and the second less the third and fourth."""
    first, second, third, fourth = four
    torch.add(first, second, out=_every_other(two, axis, 0, 1)).add_(third)
    torch.sub(second, third, out=_every_other(two, axis, 1, 1)).sub_(fourth)
    return two


def _seen(features: Tensor) -> Iterator[Iterator[Tensor]]:
    """Sums of (B, C, H, W) features, padded: four rows of four (B · H/2 · W/2, C)."""
    channels = features.shape[1]
    around = functional.pad(features.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    for row in _sums(around, 1):
        yield (each.reshape(-1, channels) for each in _sums(row, 2))


def _sums(features: Tensor, axis: int) -> Iterator[Tensor]:
    """Of every four neighbours, two of which are the next four's: what their two results are made of."""
    first, second, third, fourth = (_every_other(features, axis, start, 3) for start in range(4))
    yield first - third
    yield second + third
    yield third - second
    yield second - fourth


def _of_weight(features: Tensor, gradient: Tensor) -> Tensor:
    """The gradient of weights (O, C, 3, 3)."""
    channels, results = features.shape[1], gradient.shape[1]
    found = torch.empty(16, results, channels)
    for index, (some, part) in enumerate(zip(_few(features), _few(gradient), strict=True)):
        for place, learnt in zip(found, _of_few(some, part), strict=True):
            place.add_(learnt) if index else place.copy_(learnt)
    return product(_SQUARE.t().contiguous(), found.view(16, -1).t()).t().reshape(results, channels, 3, 3)


def _of_few(features: Tensor, gradient: Tensor) -> Iterator[Tensor]:
    for seen, row in zip(_seen(features), _spread(gradient.permute(0, 2, 3, 1).contiguous(), 1), strict=True):
        for some, part in zip(seen, _spread(row, 2), strict=True):
            yield product(part.reshape(-1, part.shape[-1]).t(), some.t())


def _spread(gradient: Tensor, axis: int) -> Iterator[Tensor]:
    """Of every two neighbours what each of the four sums they are made of has as its gradient."""
    first, second = (_every_other(gradient, axis, start, 1) for start in range(2))
    yield first
    yield first + second
    yield first - second
    yield -second


def _every_other(features: Tensor, axis: int, start: int, left_out: int) -> Tensor:
    """From the place `start` along the axis, with so many places left out at its ends in all."""
    end = features.shape[axis] - left_out + start + 1
    return features[(slice(None),) * axis + (slice(start, end, 2),)]
