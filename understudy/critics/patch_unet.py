"""DeepFaceLab's critic of pictures: a small U-net that calls patches real or painted, and every single pixel too.

Its strided convolutions are chosen so that one result sees a patch of about the wanted side. Where they end, a first
map judges patches; transposed convolutions with skips lead back to a second one that judges pixels. At 16 filters:
233,650 parameters for patches of 16 pixels, 946,994 for 32, 3,799,090 for 64. Both sides are judged by the same
weights.

Mended: the sum of squared steps that smooths what is painted is of rows and columns, where it was of channels and
rows.
"""

from collections.abc import Mapping
from itertools import pairwise, product
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.blocks.convolution import Convolution
from understudy.blocks.starts import glorot_uniform
from understudy.facestore import MASK
from understudy.judging import CriticSettings, FaceCritic, Seen
from understudy.networks import SIDES, FaceNetwork

SLOPE = 0.2
MOST_LAYERS, MOST_FILTERS = 9, 512
KERNEL = 3
SHARES = {"source": 1 / 2, "both": 1 / 8}  # of the critic's terms: four of one side, eight of both
STEPS_WEIGHT, OUTSIDE_WEIGHT = 1e-6, 0.02  # beside a masked judgement, whose painter is free outside


class Settings(CriticSettings):
    """A U-net that judges patches and pixels."""

    weight: float = Field(default=0.1, ge=0, le=5)
    """What it counts beside the painter's other losses. Begin when these no longer fall; above 0.1 it invents."""
    patch_px: int | None = Field(default=None, ge=3, le=640)
    """Side of the patches that are judged; none is an eighth of the picture. Small ones sharpen skin, large ones
    features."""
    base_dims: int = Field(default=16, ge=4, le=512)
    """Filters at the picture's side, doubled with every convolution. More finds more, and needs more memory."""
    sides: Literal["source", "both"] = "source"
    """Whose rebuilt faces are judged. The source's suffice for models with a decoder for each person."""
    is_masked: bool = True
    """Whether only the face is judged. Then, what is painted outside is kept near the picture and smooth."""


class Critic(FaceCritic):
    """A U-net that judges patches and pixels."""

    def __init__(self, settings: Settings, *, network: FaceNetwork) -> None:
        super().__init__()
        self.settings = settings
        self.judge = PatchUnet(settings.patch_px or network.outputs_px[-1] // 8, settings.base_dims)
        self.sides = SIDES[:1] if settings.sides == "source" else SIDES

    def painter_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """Both maps called real, times the weight; where masked, smoothness, and likeness to what is outside."""
        del generator
        terms = []
        for side in self.sides:
            each = seen[side]
            terms += [self.settings.weight * _called(logits, 1) for logits in self._judged(each.painted, each)]
            if self.settings.is_masked:
                outside = (each.painted - each.real) * (1 - _soft(each.wanted[:, MASK]))
                terms += [STEPS_WEIGHT * _steps(each.painted), OUTSIDE_WEIGHT * outside.square().mean()]
        return torch.stack(terms).sum()

    def critic_loss(self, seen: Mapping[str, Seen], *, generator: torch.Generator) -> Tensor:
        """Both maps of real faces called real, of painted ones painted."""
        del generator
        terms = []
        for side in self.sides:
            each = seen[side]
            terms += [_called(logits, 1) for logits in self._judged(each.real, each)]
            terms += [_called(logits, 0) for logits in self._judged(each.painted, each)]
        return SHARES[self.settings.sides] * torch.stack(terms).sum()

    def _judged(self, pictures: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        shown = pictures * _soft(seen.wanted[:, MASK]) if self.settings.is_masked else pictures
        patches, pixels = self.judge(shown)
        return patches, pixels


class PatchUnet(nn.Module):
    """Pictures (B, 3, H, W) to logits of patches (B, 1, h, w) and of pixels (B, 1, H, W)."""

    def __init__(self, patch_px: int, base_dims: int) -> None:
        super().__init__()
        steps = strides(patch_px)
        widths = [min(base_dims << power, MOST_FILTERS) for power in range(len(steps) + 1)]
        self.first = _convolution(3, widths[0], 1)
        pairs = list(zip(pairwise(widths), steps, strict=True))
        self.down = nn.ModuleList(_convolution(*pair, KERNEL, stride=stride) for pair, stride in pairs)
        self.patches = _convolution(widths[-1], 1, 1)
        self.turn = _convolution(widths[-1], widths[-1], 1)
        merged = [2] * (len(steps) - 1) + [1]  # of all but the deepest, skips come along
        self.up = nn.ModuleList(
            Transposed(times * wide, narrow, stride=stride)
            for ((narrow, wide), stride), times in zip(reversed(pairs), reversed(merged), strict=True)
        )
        self.pixels = _convolution(2 * widths[0], 1, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of both maps; above 0 is real."""
        features = _active(self.first(pictures))
        skips = []
        for convolution in self.down:
            skips.append(features)
            features = _active(convolution(features))
        patches = self.patches(features)
        features = _active(self.turn(features))
        for convolution, skip in zip(self.up, reversed(skips), strict=True):
            features = torch.cat([skip, _active(convolution(features, skip))], 1)
        return patches, self.pixels(features)


class Transposed(nn.ConvTranspose2d):
    """What a strided convolution does, backwards: (B, channels_in, h, w) to the rows and columns of a skip."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int) -> None:
        super().__init__(channels_in, channels_out, KERNEL, stride, padding=KERNEL // 2)
        self.start = glorot_uniform

    def reset_parameters(self) -> None:
        """Nothing: `start_weights` fills them."""

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:  # type: ignore[override]
        """The features, as large as `skip`."""
        return super().forward(features, list(skip.shape[-2:]))


def strides(patch_px: int) -> tuple[int, ...]:
    """Strides of the 3 × 3 convolutions, the first of them 2, one of whose results sees nearest to `patch_px`.

    Of equals the fewest, then the ones that reduce most.
    """
    chosen = ((2, *rest) for number in range(MOST_LAYERS) for rest in product((2, 1), repeat=number))
    return min(chosen, key=lambda each: (abs(field(each) - patch_px), field(each), len(each), -sum(each)))


def field(steps: tuple[int, ...]) -> int:
    """The side of what one result of 3 × 3 convolutions of these strides sees."""
    seen, apart = 1, 1
    for stride in steps:
        seen += (KERNEL - 1) * apart
        apart *= stride
    return seen


def _convolution(channels_in: int, channels_out: int, kernel: int, *, stride: int = 1) -> Convolution:
    return Convolution(channels_in, channels_out, kernel, stride=stride, start=glorot_uniform, padding="symmetric")


def _active(features: Tensor) -> Tensor:
    return functional.leaky_relu(features, SLOPE)


def _called(logits: Tensor, truth: int) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))


def _steps(pictures: Tensor) -> Tensor:
    """The sum of squared steps between neighbours of a picture, in the batch's mean."""
    rows, columns = pictures.diff(dim=-2).square(), pictures.diff(dim=-1).square()
    return (rows.sum((1, 2, 3)) + columns.sum((1, 2, 3))).mean()


def _soft(mask_B1HW: Tensor) -> Tensor:
    """The mask, blurred outwards alone: 1 within, and falling to 0 from its border on."""
    sigma = max(1, mask_B1HW.shape[-1] // 32)
    offsets = torch.arange(-3 * sigma, 3 * sigma + 1, device=mask_B1HW.device, dtype=mask_B1HW.dtype)
    window = torch.exp(-offsets.square() / (2 * sigma**2))
    window = (window / window.sum()).view(1, 1, -1, 1)
    around = functional.pad(mask_B1HW, [3 * sigma] * 4, mode="replicate")
    blurred = functional.conv2d(functional.conv2d(around, window), window.transpose(2, 3))
    return 2 * blurred.clamp(0, 0.5)
