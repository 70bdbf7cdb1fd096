"""What the network of every autoencoder is: it rebuilds a person's faces, and swaps by rebuilding as another person.

People are named; a swapper's two are "source" and "target". A network whose people have a decoder each, or a code
each, takes any number of names.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

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


class FaceNetwork(nn.Module):
    """The network of an autoencoder: `forward` rebuilds, `learn` is what is trained, `swap` paints another's likeness.

    input_px    side of the faces it sees, RGB 0–1
    outputs_px  sides of the pictures it makes, from the smallest on
    """

    input_px: int
    outputs_px: tuple[int, ...]
    people: Sequence[str]

    def forward(self, faces_B3HW: Tensor, person: str) -> Rebuilt:
        """These faces of `person`, rebuilt."""
        raise NotImplementedError

    def learn(self, faces_B3HW: Tensor, person: str, *, generator: torch.Generator) -> Rebuilt:
        """As `forward`, with whatever chance belongs to training."""
        del generator
        return self(faces_B3HW, person)

    def swap(self, faces_B3HW: Tensor, *, source: str, target: str, morph: float) -> Rebuilt:
        """The likeness of `source` with the performance of these faces of `target`.

        `morph`, 0–1, is how much of the likeness is the source's; networks that cannot morph have none but 1.
        """
        del target, morph
        return self(faces_B3HW, source)
