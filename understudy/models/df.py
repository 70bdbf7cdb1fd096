"""DeepFaceLab's DF: a shared encoder and inter, a decoder for each person; nearest to the source's shape of face.

Layer by layer its own, in all sixteen combinations of the options u, d, t and c: 57,538,432 parameters at 128 pixels
without options, 54,470,998 with d, 90,783,616 with t, 87,716,182 with both; u and c add none. Any number of people.
Each decoder has its mask branch always, as there; it is learnt with `learn_mask` and lies idle without.

Quick96, for small machines, is this with `resolution_px: 96, options: ud, ae_dims: 128, d_mask_dims: 16`: 38,294,330
parameters; learn it with batches of 4 at a rate of 2e-4.

Mended: t needs a multiple of 32 and says so, where 144 pixels failed half-way through.
Costs 52 GFLOP a face forward at 128 pixels without options, 14 with d, 16 with d and t.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder
from understudy.blocks.deepfacelab import Decoder, Optioned, encoded, encoder, inter
from understudy.networks import SIDES, FaceNetwork, Rebuilt


class Settings(Optioned):
    """DF, as DeepFaceLab has it."""


class Model(Autoencoder):
    """DF, as DeepFaceLab has it."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(FaceNetwork):
    """The network of DF; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        side, options = settings.resolution_px, settings.options
        self.input_px, self.outputs_px, self.people = side, (side,), people
        self.learns_mask = settings.learn_mask
        self.encoder = encoder(settings.e_dims, options=options)
        values = encoded(side, settings.e_dims, options=options)
        self.inter = inter(values, settings.ae_dims, settings.ae_dims, resolution_px=side, options=options)
        dims = (settings.ae_dims, settings.d_dims, settings.mask_dims)
        self.decoders = nn.ModuleDict({person: Decoder(*dims, options=options) for person in people})

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`."""
        del faces_B3HW, generator
        code = self.inter(features)
        decoder = self.decoders[person]
        assert isinstance(decoder, Decoder)
        return Rebuilt((decoder(code),), decoder.mask(code) if self.learns_mask else None, code)
