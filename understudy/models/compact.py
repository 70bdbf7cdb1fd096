"""A tiny autoencoder for tests and small machines: 64 × 64 pixels in, 96 × 96 out, 2.4 million parameters.

Plain 3 × 3 convolutions, which a CPU likes best, a dense code, and a learned mean face that each decoder corrects.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.convolution import Convolution, Dense
from understudy.blocks.decoding import mask_branch
from understudy.blocks.starts import he_normal, scaled_uniform
from understudy.blocks.upscaling import Subpixel
from understudy.facesets import FaceSet
from understudy.networks import SIDES, FaceNetwork, Rebuilt

INPUT_PX, OUTPUT_PX = 64, 96
ENCODER = (24, 48, 96, 160)
DECODER = (128, 96, 64, 48)  # from 4 × 4 to 32 × 32 pixels
CODE = 128
MASK_WIDTH = 16
SLOPE = 0.1
HEAD = 3  # the last sub-pixel step, 32 to 96 pixels
HEAD_SCALE = 0.3  # corrections of the mean face start small


class Settings(AutoencoderSettings):
    """The tiny autoencoder."""

    icnr: bool = True
    """Whether sub-pixel layers start equal within a block of pixels, so that no checkerboard must be unlearnt."""


class Model(Autoencoder):
    """The tiny autoencoder."""

    network: "Network"

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """As every autoencoder; each decoder's mean face starts as the mean of the training faces."""
        super().begin(source, target)
        with torch.no_grad():
            for side in SIDES:
                self.network.decoder(side).mean.copy_(torch.logit(self.mean_face(side).clamp(0.02, 0.98)))


class Network(FaceNetwork):
    """The network of the tiny autoencoder; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = INPUT_PX, (OUTPUT_PX,), people
        self.first = Convolution(12, ENCODER[0], 3, start=he_normal)
        self.halvings = nn.ModuleList(
            Convolution(before, after, 3, stride=2, start=he_normal) for before, after in pairwise(ENCODER)
        )
        self.narrow = Dense(ENCODER[-1] * 4 * 4, CODE, start=scaled_uniform(1.0))
        self.widen = Dense(CODE, DECODER[0] * 4 * 4, start=scaled_uniform(1.0))
        self.decoders = nn.ModuleDict({person: Decoder() for person in people})
        masks = {person: mask_branch([*DECODER, MASK_WIDTH], last=HEAD) for person in people if settings.learn_mask}
        self.masks = nn.ModuleDict(masks)

    def decoder(self, person: str) -> "Decoder":
        """The decoder of a person."""
        chosen = self.decoders[person]
        assert isinstance(chosen, Decoder)
        return chosen

    def encode(self, faces_B3HW: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """Codes (B, 128, 4, 4)."""
        del generator
        features = functional.leaky_relu(self.first(functional.pixel_unshuffle(faces_B3HW, 2)), SLOPE)
        for halve in self.halvings:
            features = functional.leaky_relu(halve(features), SLOPE)
        wide = functional.leaky_relu(self.widen(self.narrow(features.flatten(1))), SLOPE)
        return wide.view(-1, DECODER[0], 4, 4)

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`."""
        del faces_B3HW, generator
        mask = self.masks[person](features) if person in self.masks else None
        return Rebuilt((self.decoder(person)(features),), mask, features)


class Decoder(nn.Module):
    """(B, 128, 4, 4) to one person's faces (B, 3, 96, 96)."""

    def __init__(self) -> None:
        super().__init__()
        self.doublings = nn.Sequential(*(Subpixel(*pair, start=he_normal) for pair in pairwise(DECODER)))
        small = scaled_uniform(2 * HEAD_SCALE**2)
        self.head = Subpixel(DECODER[-1], 3, factor=HEAD, slope=None, start=small)
        self.mean = nn.Parameter(torch.zeros(3, OUTPUT_PX, OUTPUT_PX))

    def forward(self, features: Tensor) -> Tensor:
        """The faces, RGB 0–1."""
        return torch.sigmoid(self.head(self.doublings(features)) + self.mean)
