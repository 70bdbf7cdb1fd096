"""The two commonest frames of a network: one encoder for everybody, and a decoder for each person or for everybody."""

from collections.abc import Callable, Mapping, Sequence

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


class DecoderForAll(FaceNetwork):
    """One encoder and one decoder for everybody; what tells people apart is the code that is made of what is seen.

    While learning, the decoder sees the codes of all people at once: its weights are read, and their gradients summed,
    once for everybody.
    """

    def code(self, features: Tensor, person: str, *, generator: torch.Generator | None = None) -> Tensor:
        """What the decoder is given to make faces of `person`."""
        raise NotImplementedError

    def paint(self, code: Tensor) -> Rebuilt:
        """The faces of a code."""
        raise NotImplementedError

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`; those of anybody else become `person`'s."""
        del faces_B3HW
        return self.paint(self.code(features, person, generator=generator))

    def learn(self, faces: Mapping[str, Tensor], *, generator: torch.Generator) -> dict[str, Rebuilt]:
        """Each person's faces (B, 3, I, I), rebuilt as while learning."""
        features = self.encode_all(faces, generator=generator)
        codes = [self.code(seen, person, generator=generator) for person, seen in features.items()]
        numbers = [len(code) for code in codes]
        made = self.paint(torch.cat(codes))
        pictures = zip(*(torch.split(each, numbers) for each in made.pictures), strict=True)
        masks = [None] * len(numbers) if made.mask is None else torch.split(made.mask, numbers)
        parts = zip(faces, pictures, masks, codes, strict=True)
        return {person: Rebuilt(painted, mask, code) for person, painted, mask, code in parts}
