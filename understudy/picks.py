"""Which training faces a step learns from: functions of (seed, stream, step, part) that keep no state.

A step's batch is computed in parts of `number` faces; any part of any step can be picked again alone.
"""

from functools import lru_cache

import torch
from torch import Tensor

from understudy.randomness import torch_generator

YAW_BINS = 128
YAW_RANGE_RAD = 1.2  # faces turned further count as turned this far


def pick_uniform(num_faces: int, *, seed: int, stream: str, step: int, part: int, number: int) -> Tensor:
    """`number` indices of faces, each as likely as any other, with replacement: int64 (number,)."""
    return torch.randint(num_faces, (number,), generator=torch_generator(seed, f"{stream} {part}", step))


def pick_evenly_by_yaw(yaw_deg_N: Tensor, *, seed: int, stream: str, step: int, part: int, number: int) -> Tensor:
    """`number` indices of faces whose yaws are as evenly spread as the set allows: int64 (number,).

    One of those of 128 bins over ±1.2 rad that hold faces, each as likely as any other, and then a face in it.
    """
    generator = torch_generator(seed, f"{stream} {part}", step)
    turned = torch.deg2rad(yaw_deg_N.double()) / YAW_RANGE_RAD
    bins_N = ((turned + 1) / 2 * YAW_BINS).floor().clamp(0, YAW_BINS - 1)
    order_N = torch.argsort(bins_N, stable=True)
    sizes = torch.unique_consecutive(bins_N[order_N], return_counts=True)[1]
    which, place = torch.rand(2, number, generator=generator, dtype=torch.float64)
    chosen = (which * len(sizes)).long()
    first = sizes.cumsum(0) - sizes
    return order_N[first[chosen] + (place * sizes[chosen]).long()]


def pick_shuffled(num_faces: int, *, seed: int, stream: str, step: int, part: int, parts: int, number: int) -> Tensor:
    """`number` indices of faces of which none returns before all were picked: int64 (number,).

    Steps follow on each other, and so do a step's `parts`. Every pass through the faces has an order of its own.
    """
    start = (step * parts + part) * number
    passes = range(start // num_faces, (start + number - 1) // num_faces + 1)
    orders = torch.cat([_order(num_faces, seed, stream, each) for each in passes])
    return orders[start % num_faces :][:number].clone()


@lru_cache(maxsize=8)
def _order(num_faces: int, seed: int, stream: str, index: int) -> Tensor:
    return torch.randperm(num_faces, generator=torch_generator(seed, f"{stream} order", index))
