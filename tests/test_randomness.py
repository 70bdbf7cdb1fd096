"""Random streams that never shift each other."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from understudy.randomness import derived_seed, numpy_generator, torch_generator

KNOWN = "b70e493ebf33d4aa"  # the first 8 bytes of the SHA-256 of "1\\0warp\\0007"


def test_a_step_of_a_stream_can_be_replayed_alone():
    first = numpy_generator(1, "warp", 7).random(4)
    numpy_generator(1, "order", 7).random(100)
    assert np.array_equal(numpy_generator(1, "warp", 7).random(4), first)
    assert torch.equal(
        torch.rand(3, generator=torch_generator(1, "warp", 7)), torch.rand(3, generator=torch_generator(1, "warp", 7))
    )


def test_seed_stream_and_step_all_matter():
    seeds = {derived_seed(seed, stream, step) for seed in range(3) for stream in ("warp", "order") for step in range(3)}
    assert len(seeds) == 18


def test_a_seed_is_the_same_on_every_machine():
    assert derived_seed(1, "warp", 7) == int.from_bytes(bytes.fromhex(KNOWN), "little") >> 1


@given(st.integers(), st.text(), st.integers(min_value=0))
def test_every_seed_suits_every_generator(seed: int, stream: str, step: int):
    assert 0 <= derived_seed(seed, stream.replace("\ud800", ""), step) < 2**63
