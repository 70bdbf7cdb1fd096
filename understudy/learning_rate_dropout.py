"""Learning-rate dropout (Lin et al. 2019): each weight takes part in a step by chance, which roughens the way down."""

from collections.abc import Sequence

import torch
from torch import Tensor

SLICE = 65_536  # numbers whose chances are drawn together; four fit into one draw of 64 bits
LEVELS = 65_536  # chances are whole numbers of these


@torch.no_grad()
def drop_steps(
    weights: Sequence[Tensor], before: Sequence[Tensor], *, share: float, generator: torch.Generator
) -> None:
    """Take back, in place, the step of all but a random `share` of the numbers in `weights`.

    `before` holds what they were before the step. A share is above 0, rounded to 1/65,536; the paper's is 0.3 to 0.5,
    DeepFaceLab's 0.3. What is drawn depends on the generator and the shapes, not on how tensors lie in memory.
    """
    for weight, old in zip(weights, before, strict=True):
        if weight.is_contiguous() and old.is_contiguous():
            parts = zip(torch.split(weight.view(-1), SLICE), torch.split(old.view(-1), SLICE), strict=True)
            for part, old_part in parts:
                kept = _draw(part.numel(), share, generator).to(part.device)
                torch.where(kept, part, old_part, out=part)
        else:
            sizes = (min(SLICE, weight.numel() - first) for first in range(0, weight.numel(), SLICE))
            kept = torch.cat([_draw(size, share, generator) for size in sizes])
            weight.copy_(torch.where(kept.view(weight.shape).to(weight.device), weight, old))


def _draw(number: int, share: float, generator: torch.Generator) -> Tensor:
    """Which of a number of weights keep their step."""
    words = torch.empty(-(-number // 4), dtype=torch.int64, device=generator.device)
    words.random_(-(2**63), None, generator=generator)
    return words.view(torch.int16)[:number] <= max(1, round(share * LEVELS)) - 1 - LEVELS // 2
