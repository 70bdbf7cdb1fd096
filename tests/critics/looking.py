"""What critics are shown in tests: made faces of both sides, and critics small enough to be counted by hand."""

import torch

from tests.models.counting import LEAST
from understudy.blocks.starts import start_weights
from understudy.judging import Seen, critic_settings, make_critic
from understudy.models import df

SMALL = {
    "patch_unet": {"patch_px": 8, "base_dims": 4, "sides": "both"},
    "code": {"base_dims": 4},
    "conditional": {"base_dims": 8},
}


def painter(**changes) -> df.Network:
    """A small network to be judged."""
    values = LEAST | {"resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32} | changes
    network = df.Network(df.Settings(**values))
    start_weights(network, seed=1)
    return network


def small_critic(name, *, seed=1, network=None, **changes):
    """A critic with few weights."""
    settings = critic_settings(name)(**SMALL[name] | changes)
    return make_critic(name, settings, network=network or painter(), seed=seed)


def seen_of(network, *, faces=2, seed=1) -> dict[str, Seen]:
    """Both sides' faces, rebuilt by `network`, with a gradient."""
    generator = torch.Generator().manual_seed(seed)
    side = network.input_px
    seen = {}
    for person in network.people:
        inputs = torch.rand(faces, 3, side, side, generator=generator)
        wanted = torch.rand(faces, 6, side, side, generator=generator)
        wanted[:, 3:] = 0
        wanted[:, 3, side // 4 : -side // 4, side // 4 : -side // 4] = 1
        made = network(inputs, person)
        seen[person] = Seen(made.pictures[-1], wanted, inputs, made.code, made.mask)
    return seen


def detached(seen):
    """The same, through which nothing is learnt."""
    return {person: each.detached() for person, each in seen.items()}
