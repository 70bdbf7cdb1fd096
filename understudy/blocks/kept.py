"""Large memory that is kept from step to step: fresh pages cost more than what a product writes into them.

`SCRATCH` is each thread's own, for what is done with before the next is taken. `take` and `give_back` are for gradients
of weights: what is not given back is freed as any tensor is, and taken anew.
"""

import math
import threading
from collections.abc import Iterable

import torch
from torch import Tensor


class Scratch(threading.local):
    """One piece of memory for each thread."""

    def __init__(self) -> None:
        self._kept = torch.empty(0)

    def take(self, *shape: int) -> Tensor:
        """So much of it; what was taken before is overwritten."""
        size = math.prod(shape)
        if len(self._kept) < size:
            self._kept = torch.empty(size)
        return self._kept[:size].view(shape)


class Kept:
    """Pieces of memory by size, for all threads."""

    def __init__(self) -> None:
        self._free: dict[int, list[Tensor]] = {}
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def take(self, *shape: int) -> Tensor:
        """Float32 of this shape with anything in it."""
        size = math.prod(shape)
        with self._lock:
            free = self._free.get(size)
            found = free.pop() if free else torch.empty(size)
            self._taken.add(found.data_ptr())
        return found.view(shape)

    def give_back(self, tensors: Iterable[Tensor]) -> None:
        """Keep those that were taken here for others; nobody must read them any more."""
        for tensor in tensors:
            if tensor.is_contiguous() and tensor.untyped_storage().nbytes() == 4 * tensor.numel():
                with self._lock:
                    if tensor.data_ptr() in self._taken:
                        self._taken.remove(tensor.data_ptr())
                        self._free.setdefault(tensor.numel(), []).append(tensor.detach().view(-1))

    def close(self, tensors: Iterable[Tensor]) -> None:
        """Keep these and nothing else that was taken: memory freed meanwhile may be others' by now."""
        self.give_back(tensors)
        with self._lock:
            self._taken.clear()

    def forget(self) -> None:
        """Free what nobody has taken."""
        with self._lock:
            self._free.clear()


SCRATCH = Scratch()
GRADIENTS = Kept()
