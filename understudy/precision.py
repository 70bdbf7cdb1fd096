"""What a step computes with: networks may be narrowed, what they are shown and judged by never is.

Positions, colours and losses are differences of near numbers, of which half precision leaves nothing.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor

Precision = Literal["float32", "bfloat16", "float16"]
NARROW = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def narrowed(precision: Precision, device: torch.device) -> AbstractContextManager[None]:
    """Within the block, convolutions and matrix products are computed with this precision.

    Narrowed weights are not kept for a second use: all threads would share what is kept, and the first that leaves
    such a block clears it, so that gradients would be summed in one precision or the other by chance.
    """
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, NARROW[precision], cache_enabled=False)


def in_full(device: torch.device) -> AbstractContextManager[None]:
    """Within the block nothing is narrowed, whatever surrounds it; tensors that come in narrow must be widened."""
    return torch.autocast(device.type, enabled=False)


def widened(values: Tensor) -> Tensor:
    """The same values, in float32 where they were narrower; squares and their means want that."""
    return values.float() if values.dtype in NARROW.values() else values
