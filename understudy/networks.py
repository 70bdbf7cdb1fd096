"""What the network of every autoencoder is: it rebuilds a person's faces, and swaps by rebuilding as another person.

People are named; a swapper's two are "source" and "target". A network whose people have a decoder each, or a code
each, takes any number of names.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from understudy.precision import widened

Side = Literal["source", "target"]
SIDES: tuple[Side, Side] = ("source", "target")


class Rebuilt(NamedTuple):
    """What a network makes of B faces.

    pictures  RGB 0–1, (B, 3, P, P) each, from the smallest output to the face itself, which is the last
    mask      what it takes for face, 0–1, (B, 1, P, P), of networks with a mask branch
    code      what the decoders were given, where a critic may look at it
    """

    pictures: tuple[Tensor, ...]
    mask: Tensor | None = None
    code: Tensor | None = None

    def widened(self) -> "Rebuilt":
        """The same in float32, of a network that computes with less."""
        mask, code = (None if each is None else widened(each) for each in (self.mask, self.code))
        return Rebuilt(tuple(widened(each) for each in self.pictures), mask, code)


class FaceNetwork(nn.Module):
    """The network of an autoencoder: one encoder for everybody's faces, and what rebuilds a person from its features.

    With a generator it learns, and whatever chance belongs to that is drawn from it; without one it paints.

    input_px    side of the faces it sees, RGB 0–1
    outputs_px  sides of the pictures it makes, from the smallest on
    """

    input_px: int
    outputs_px: tuple[int, ...]
    people: Sequence[str]
    encoder: nn.Module

    def encode(self, faces_B3HW: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """What is seen in the faces, whoever they are of."""
        del generator
        return torch.as_tensor(self.encoder(faces_B3HW))

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person` from what was seen in `faces`."""
        raise NotImplementedError

    def forward(self, faces_B3HW: Tensor, person: str) -> Rebuilt:
        """These faces of `person`, rebuilt."""
        return self.decode(self.encode(faces_B3HW), person, faces_B3HW=faces_B3HW)

    def learn(self, faces: Mapping[str, Tensor], *, generator: torch.Generator) -> dict[str, Rebuilt]:
        """Each person's faces (B, 3, I, I), rebuilt as while learning.

        The encoder sees all of them at once: its weights are read, and their gradients summed, once for everybody.
        """
        return {
            person: self.decode(seen, person, faces_B3HW=faces[person], generator=generator)
            for person, seen in self.encode_all(faces, generator=generator).items()
        }

    def encode_all(self, faces: Mapping[str, Tensor], *, generator: torch.Generator) -> dict[str, Tensor]:
        """What is seen in each person's faces (B, 3, I, I), encoded together."""
        together = self.encode(torch.cat(list(faces.values())), generator=generator)
        return dict(zip(faces, torch.split(together, [len(each) for each in faces.values()]), strict=True))

    def swap(self, faces_B3HW: Tensor, *, source: str, target: str, morph: float) -> Rebuilt:
        """The likeness of `source` with the performance of these faces of `target`.

        `morph`, 0–1, is how much of the likeness is the source's; networks that cannot morph have none but 1.
        """
        del target, morph
        return self(faces_B3HW, source)
