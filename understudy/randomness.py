"""Random generators derived from (seed, stream name, step): no stream ever shifts another.

A stream is named after what draws from it ("warp", "order", "initial weights"); any step of any stream can be
replayed alone, which is what makes exact resume possible.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derived_seed(seed: int, stream: str, step: int = 0) -> int:
    """A 63-bit seed that depends on all three arguments, the same on every machine."""
    digest = hashlib.sha256(f"{seed}\0{stream}\0{step}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def numpy_generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """A numpy generator of its own for one step of one stream."""
    return np.random.Generator(np.random.PCG64(derived_seed(seed, stream, step)))


def torch_generator(seed: int, stream: str, step: int = 0) -> "torch.Generator":
    """A torch CPU generator of its own for one step of one stream."""
    import torch  # only training pays for this import

    return torch.Generator().manual_seed(derived_seed(seed, stream, step))
