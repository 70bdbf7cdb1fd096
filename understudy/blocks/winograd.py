"""Convolutions with 2 to 2¼ times fewer products (Winograd 1980; Lavin & Gray 2016), for learning on a CPU.

Two by two pixels of a result of 3 × 3 weights need four by four of the features: 36 products a channel. The same sums
come from 16 products of sums of features with sums of weights, summed up once more. What is left to multiply are
sixteen plain matrix products, which torch's CPU library computes at nearly the processor's full rate. The gradient of
the features is the same convolution with the weights turned half round; that of the weights, the sixteen products
transposed.

A stride of 2 is one of 1 over four pictures of half the size, of the pixels in even and odd rows and columns: 5 × 5
weights are 3 × 3 of some of them and 3 × 2, 2 × 3 and 2 × 2 of the others, whose missing weights leave out sums, too:
49 products in place of 100.

The sums are of whole numbers and halves: results differ from direct convolution's by a few roundings.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from understudy.blocks.kept import GRADIENTS, SCRATCH
from understudy.blocks.products import is_plain, product

LEAST_DEPTH = 128  # channels in and out, in parallel as resistors are; below, the sums cost more than the products save
TILES_AT_ONCE = 1024  # whose sums stay in a core's cache
LEAST_TILES = 128  # of two by two pixels of a batch; below, so do those of the weights
KERNELS = {1: (3,), 2: (4, 5)}  # sides of the weights, by stride
_ASKED = ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1))  # four sums of three weights in a row
_TURNED = (3, 1, 2, 0)  # which of the sums is the same of the three in the opposite order


def pays(features: Tensor, weight: Tensor, *, stride: int) -> bool:
    """Whether `convolve` is faster than torch's own for these (B, C, H, W) features and (O, C, K, K) weights."""
    batch, channels, height, width = features.shape
    results, pictures = len(weight), channels * stride**2
    return (
        is_plain(features, weight)
        and weight.shape[2] == weight.shape[3]
        and weight.shape[2] in KERNELS.get(stride, ())
        and results * pictures >= LEAST_DEPTH * (results + pictures)
        and height % (2 * stride) == width % (2 * stride) == 0
        and batch * height * width >= 4 * LEAST_TILES * stride**2
    )


def convolve(features: Tensor, weight: Tensor, bias: Tensor | None, *, stride: int = 1, before: int = 1) -> Tensor:
    """(B, C, H, W) convolved with weights (O, C, K, K), one of KERNELS: (B, O, H / stride, W / stride).

    Sides are multiples of twice the stride; `before` is the padding above and to the left, 1 or, with stride 2, 2.
    """
    reach = _Reach(stride, before, weight.shape[-1])
    made: Tensor = _Convolve.apply(features, weight, bias, reach)  # type: ignore[no-untyped-call]
    return made


class _Reach(NamedTuple):
    """Which pixels weights meet: three by three squares of stride by stride, without some at their edges."""

    stride: int
    before: int
    kernel: int

    def sums(self) -> Tensor:
        """(Stride, 4, K) factors of the four sums of the weights in each phase: even and odd rows, or columns."""
        factors = torch.zeros(self.stride, 4, self.kernel)
        for tap in range(self.kernel):
            of_three, phase = divmod(self.stride - self.before + tap, self.stride)
            factors[phase, :, tap] = torch.tensor([row[of_three] for row in _ASKED])
        return factors

    def phases(self) -> list[slice]:
        """Those that have weights in each of the four sums."""
        there = self.sums().any(dim=2).t().tolist()
        return [slice(each.index(True), self.stride - each[::-1].index(True)) for each in there]

    def places(self, sums: Tensor) -> list[list[Tensor]]:
        """(All sums, …) as four rows of four of (phases, …)."""
        sizes = [phases.stop - phases.start for phases in self.phases()]
        each = torch.split(sums, [rows * columns for rows in sizes for columns in sizes])
        return [list(each[start : start + 4]) for start in range(0, 16, 4)]


@cache
def _factors(reach: _Reach) -> Tensor:
    """(All sums, K²) factors of weights in them: four rows of four of what `places` says."""
    sums, phases = reach.sums(), reach.phases()
    return torch.cat(
        [
            torch.kron(sums[rows, row], sums[columns, column])
            for row, rows in enumerate(phases)
            for column, columns in enumerate(phases)
        ]
    )


_EACH = [slice(0, 1)] * 4  # the phases of a stride of 1


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(
        context: torch.autograd.function.FunctionCtx,
        features: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        reach: _Reach,
    ) -> Tensor:
        context.save_for_backward(features, weight)
        context.reach = reach  # type: ignore[attr-defined]
        made = torch.empty(len(features), len(weight), *(side // reach.stride for side in features.shape[-2:]))
        _convolve(_squares(features, reach.stride), reach.phases(), _asked(weight, reach), _EACH, _squares(made, 1))
        return made if bias is None else made.add_(bias[:, None, None])

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        features, weight = context.saved_tensors  # type: ignore[attr-defined]
        reach: _Reach = context.reach  # type: ignore[attr-defined]
        wants_features, wants_weight, wants_bias = context.needs_input_grad[:3]  # type: ignore[attr-defined]
        of_features = _of_features(features, gradient, weight, reach) if wants_features else None
        of_weight = _of_weight(features, gradient, reach) if wants_weight else None
        return of_features, of_weight, gradient.sum((0, 2, 3)) if wants_bias else None, None


def _squares(pictures: Tensor, stride: int) -> Tensor:
    """(B, C, H, W) as (B, H / stride, W / stride, stride, stride, C)."""
    batch, channels, height, width = pictures.shape
    squares = pictures.view(batch, channels, height // stride, stride, width // stride, stride)
    return squares.permute(0, 2, 4, 3, 5, 1)


def _asked(weight: Tensor, reach: _Reach) -> list[list[Tensor]]:
    """Sums of weights: four rows of four (O, phases · C); in scratch."""
    factors, channels = _factors(reach), weight.shape[:2]
    sums = SCRATCH.take(len(factors), *channels)
    torch.mm(factors, weight.reshape(channels.numel(), -1).t(), out=sums.view(len(factors), -1))
    return [[each.transpose(0, 1).flatten(1) for each in row] for row in reach.places(sums)]


def _of_features(features: Tensor, gradient: Tensor, weight: Tensor, reach: _Reach) -> Tensor:
    """The gradient of features (B, C, H, W): convolved with the weights turned half round."""
    asked, phases = _asked(weight, reach), reach.phases()
    turned = [[asked[row][column].t() for column in _TURNED] for row in _TURNED]
    found = torch.empty(features.shape)
    _convolve(_squares(gradient, 1), _EACH, turned, [phases[place] for place in _TURNED], _squares(found, reach.stride))
    return found


def _convolve(features: Tensor, seen: list[slice], asked: list[list[Tensor]], told: list[slice], into: Tensor) -> None:
    """Squares of features to squares of results; `seen` and `told` are the phases in the four sums of either."""
    for some, place in zip(_few(features), _few(into), strict=True):
        batch, height, width, *squares, results = place.shape
        four = []
        for row, sums, rows in zip(_seen(some, seen), asked, told, strict=True):
            across = torch.empty(batch, height // 2, width, rows.stop - rows.start, squares[1], results)
            found = [
                product(each, of).view(batch, height // 2, width // 2, -1, columns.stop - columns.start, results)
                for each, of, columns in zip(row, sums, told, strict=True)
            ]
            four.append(_told(found, told, across, axis=2))
        place.copy_(_told(four, told, torch.empty(place.shape), axis=1))


def _few(squares: Tensor) -> Iterator[Tensor]:
    """So many pictures at once as a core's cache holds the sums of."""
    return iter(torch.split(squares, max(1, 4 * TILES_AT_ONCE // (squares.shape[1] * squares.shape[2]))))


def _told(four: list[Tensor], phases: list[slice], two: Tensor, *, axis: int) -> Tensor:
    """`two`, along the axis filled with pairs: the first three's sum, and the second less the third and fourth."""
    first, second, third, fourth = four
    even, odd = (_every_other(two, axis, start, 1) for start in range(2))
    torch.add(second, third, out=even)
    torch.sub(second, third, out=odd)
    even[(slice(None),) * (axis + 2) + (phases[0],)] += first
    odd[(slice(None),) * (axis + 2) + (phases[3],)] -= fourth
    return two


def _seen(features: Tensor, phases: list[slice]) -> Iterator[Iterator[Tensor]]:
    """Sums of squares of features, padded: four rows of four (B · H/2 · W/2, phases · C)."""
    around = functional.pad(features, (0,) * 6 + (1,) * 4)
    for place, rows in enumerate(phases):
        row = _sum(around[:, :, :, rows], place, axis=1)
        yield (
            _sum(row[:, :, :, :, columns], place, axis=2).flatten(3).flatten(0, 2)
            for place, columns in enumerate(phases)
        )


def _sum(features: Tensor, place: int, *, axis: int) -> Tensor:
    """Of every four neighbours, two of which are the next four's, one of the sums their two results are made of."""
    first, second, third, fourth = (_every_other(features, axis, start, 3) for start in range(4))
    return (lambda: first - third, lambda: second + third, lambda: third - second, lambda: second - fourth)[place]()


def _of_weight(features: Tensor, gradient: Tensor, reach: _Reach) -> Tensor:
    """The gradient of weights (O, C, K, K)."""
    factors, phases, (results, channels) = _factors(reach), reach.phases(), (gradient.shape[1], features.shape[1])
    sizes = [len(factors), reach.kernel**2]
    sums, taps = torch.split(SCRATCH.take(sum(sizes), results * channels), sizes)
    places = reach.places(sums.zero_().view(-1, results, channels))
    for some, part in zip(_few(_squares(features, reach.stride)), _few(_squares(gradient, 1)), strict=True):
        spread = _spread(part.flatten(3).contiguous(), axis=1)
        for seen, row, into in zip(_seen(some, phases), spread, places, strict=True):
            for each, of, place in zip(seen, _spread(row, axis=2), into, strict=True):
                found = product(of.reshape(-1, results).t(), each.t())
                place.add_(found.view(results, -1, channels).transpose(0, 1))
    found = GRADIENTS.take(results, channels, reach.kernel, reach.kernel)
    found.view(results * channels, -1).copy_(torch.mm(factors.t(), sums, out=taps).t())
    return found


def _spread(gradient: Tensor, *, axis: int) -> Iterator[Tensor]:
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
