"""One encoder and one decoder for everybody; what is a person's own are the dense layers between.

From: faceswap's IAE. 117,816,003 parameters at 64 pixels. A code is half the person's own and half common to all: what
people share need not be learnt twice, and the one decoder sees every face. Swapping gives the decoder the source's own
half, made from the target's faces. A person more costs an intermediate of 25,175,040 parameters and no decoder; any
number of people. Costs 3.8 GFLOP a face forward.
"""

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.decoding import mask_branch, picture_branch
from understudy.blocks.encoding import bottleneck, halvings
from understudy.blocks.people import DecoderForAll
from understudy.networks import SIDES, Rebuilt

SIDE_PX, CODE_PX = 64, 4  # of the face, and both of the deepest convolution and of the code


class Settings(AutoencoderSettings):
    """The autoencoder with own and common intermediates."""

    width: int = Field(default=128, ge=4, le=256)
    """Filters of the first convolution; all others follow."""
    nodes: int = Field(default=1024, ge=8, le=8192)
    """Values of each dense code, own or common. Raise it when even training faces are not rebuilt well."""


class Model(Autoencoder):
    """The autoencoder with own and common intermediates."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderForAll):
    """The network of the autoencoder with own and common intermediates; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = SIDE_PX, (SIDE_PX,), people
        width = settings.width
        widths = [8 * width, 4 * width, 2 * width, width, width // 2]
        self.encoder = nn.Sequential(*halvings([3, width, 2 * width, 4 * width, 8 * width]), nn.Flatten())
        self.common = _intermediate(width, settings.nodes)
        self.own = nn.ModuleDict({person: _intermediate(width, settings.nodes) for person in people})
        self.decoder = picture_branch(widths)
        self.mask = mask_branch(widths) if settings.learn_mask else None

    def code(self, features: Tensor, person: str, *, generator: torch.Generator | None = None) -> Tensor:
        """What is the person's own, and what all have in common."""
        del generator
        return torch.cat([self.own[person](features), self.common(features)], 1)

    def paint(self, code: Tensor) -> Rebuilt:
        """The faces of a code."""
        return Rebuilt((self.decoder(code),), self.mask(code) if self.mask else None, code)


def _intermediate(width: int, nodes: int) -> nn.Sequential:
    return nn.Sequential(*bottleneck(8 * width * CODE_PX**2, nodes, channels=4 * width, side_px=CODE_PX))
