"""A tiny autoencoder for tests and small machines: 64 × 64 pixels in, 96 × 96 out, 2.4 million parameters.

Plain 3 × 3 convolutions, which a CPU likes best, a dense code, and a learned mean face that each decoder corrects.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.facesets import FaceSet
from understudy.layers import Upscale, activate, conv3, subpixel_conv3
from understudy.randomness import torch_generator

INPUT_PX, OUTPUT_PX = 64, 96
ENCODER = (24, 48, 96, 160)
DECODER = (128, 96, 64, 48)  # from 4 × 4 to 32 × 32 pixels
CODE = 128
HEAD = 3  # the last sub-pixel step, 32 to 96 pixels
HEAD_SCALE = 0.3  # corrections of the mean face start small


class Settings(AutoencoderSettings):
    """The tiny autoencoder."""


class Model(Autoencoder):
    """The tiny autoencoder."""

    network: "Network"

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        network = Network(generator=torch_generator(seed, "initial weights"))
        super().__init__(network, settings, input_px=INPUT_PX, output_px=OUTPUT_PX, seed=seed, device=device)

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """As every autoencoder; each decoder's mean face starts as the mean of the training faces."""
        super().begin(source, target)
        with torch.no_grad():
            for side in range(2):
                mean = self.mean_face(side).clamp(0.02, 0.98)
                self.network.decoder(side).mean.copy_(torch.logit(mean))


class Network(nn.Module):
    """(B, 3, 64, 64) and a side, 0 or 1, to (B, 3, 96, 96); RGB 0–1."""

    def __init__(self, *, generator: torch.Generator) -> None:
        super().__init__()
        self.first = conv3(12, ENCODER[0], generator=generator)
        self.halvings = nn.ModuleList(
            conv3(before, after, stride=2, generator=generator) for before, after in pairwise(ENCODER)
        )
        self.narrow = _linear(ENCODER[-1] * 4 * 4, CODE, generator)
        self.widen = _linear(CODE, DECODER[0] * 4 * 4, generator)
        self.decoders = nn.ModuleList(Decoder(generator=generator) for _ in range(2))

    def decoder(self, side: int) -> "Decoder":
        """The decoder of a side, 0 or 1."""
        chosen = self.decoders[side]
        assert isinstance(chosen, Decoder)
        return chosen

    def forward(self, faces_B3HW: Tensor, side: int) -> Tensor:
        """What `side`'s decoder makes of the faces."""
        features = activate(self.first(functional.pixel_unshuffle(faces_B3HW, 2)))
        for halve in self.halvings:
            features = activate(halve(features))
        code = self.narrow(features.flatten(1))
        return torch.as_tensor(self.decoder(side)(activate(self.widen(code)).view(-1, DECODER[0], 4, 4)))


class Decoder(nn.Module):
    """(B, 128, 4, 4) to one person's faces (B, 3, 96, 96)."""

    def __init__(self, *, generator: torch.Generator) -> None:
        super().__init__()
        self.doublings = nn.ModuleList(
            Upscale(before, after, generator=generator) for before, after in pairwise(DECODER)
        )
        self.head = subpixel_conv3(DECODER[-1], 3, factor=HEAD, generator=generator)
        with torch.no_grad():
            self.head.weight.mul_(HEAD_SCALE)
        self.mean = nn.Parameter(torch.zeros(3, OUTPUT_PX, OUTPUT_PX))

    def forward(self, features: Tensor) -> Tensor:
        """The faces, RGB 0–1."""
        for double in self.doublings:
            features = double(features)
        return torch.sigmoid(functional.pixel_shuffle(self.head(features), HEAD) + self.mean)


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.kaiming_normal_(layer.weight, a=1.0, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
