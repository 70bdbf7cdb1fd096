"""The commonest frame of a network: one encoder for everybody, a decoder for each person."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from understudy.networks import FaceNetwork, Rebuilt


class DecoderEach(FaceNetwork):
    """One encoder for everybody; for each person a decoder and, where `mask` is given, a mask branch beside it.

    `decoder` and `mask` make one from nothing; both are given the encoder's code. Takes any number of people.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        decoder: Callable[[], nn.Module],
        mask: Callable[[], nn.Module] | None,
        people: Sequence[str],
        input_px: int,
        output_px: int,
    ) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = input_px, (output_px,), people
        self.encoder = encoder
        self.decoders = nn.ModuleDict({person: decoder() for person in people})
        self.masks = nn.ModuleDict({person: mask() for person in people} if mask else {})

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`."""
        del faces_B3HW, generator
        mask = self.masks[person](features) if person in self.masks else None
        return Rebuilt((self.decoders[person](features),), mask, features)
