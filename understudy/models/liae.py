"""DeepFaceLab's LIAE: one decoder for all, whose code says of whom; takes on the target's light better than DF.

Two inters make the halves of a code: one shared by all, and each person's own. The source, who is the first of the
people, has no own: both halves of its codes come from the shared one. A swap gives the decoder the source's kind of
code, made from the target's faces. Any number of people, each with an inter, but the first.

Layer by layer its own, in all sixteen combinations of the options u, d, t and c: 94,963,328 parameters at 128 pixels
without options, 82,376,555 with d, 90,124,224 with t, 77,537,451 with both; u and c add none. The mask branch is there
always, as there; it is learnt with `learn_mask` and lies idle without.

Mended: t needs a multiple of 32 and says so, where 144 pixels failed half-way through.
Costs 61 GFLOP a face forward at 128 pixels without options, 16 with d, 17 with d and t.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder
from understudy.blocks.deepfacelab import Decoder, Optioned, encoded, encoder, inter
from understudy.blocks.people import DecoderForAll
from understudy.networks import SIDES, Rebuilt


class Settings(Optioned):
    """LIAE, as DeepFaceLab has it."""


class Model(Autoencoder):
    """LIAE, as DeepFaceLab has it."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderForAll):
    """The network of LIAE; any number of people, the first of whom is the source."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        side, options = settings.resolution_px, settings.options
        self.input_px, self.outputs_px, self.people = side, (side,), people
        self.learns_mask = settings.learn_mask
        self.encoder = encoder(settings.e_dims, options=options)
        values, half = encoded(side, settings.e_dims, options=options), 2 * settings.ae_dims
        self.shared = inter(values, settings.ae_dims, half, resolution_px=side, options=options)
        self.own = nn.ModuleDict(
            {
                person: inter(values, settings.ae_dims, half, resolution_px=side, options=options)
                for person in people[1:]
            }
        )
        self.decoder = Decoder(2 * half, settings.d_dims, settings.mask_dims, options=options)

    def code(self, features: Tensor, person: str, *, generator: torch.Generator | None = None) -> Tensor:
        """What is the person's own, which of the first one is what all share, and what all share."""
        del generator
        shared = self.shared(features)
        own = self.own[person](features) if person in self.own else shared
        return torch.cat([own, shared], 1)

    def paint(self, code: Tensor) -> Rebuilt:
        """The faces of a code."""
        return Rebuilt((self.decoder(code),), self.decoder.mask(code) if self.learns_mask else None, code)
