"""DeepFaceLab's AMP: the likeness is mixed channel by channel, so that painting can morph towards the source.

Each person has an inter, and all share encoder and decoder. The target, who is the last of the people, is rebuilt from
codes of their own inter; everyone else from codes with a share of the channels of their own, drawn anew for every
face, and the target's in the others. A swap gives the decoder the first channels from the source's inter, as many as
`morph` says, and the others from the target's, all made from the target's faces. Any number of people.

Layer by layer its own: 79,650,731 parameters at 128 pixels, 101,345,195 at 224, 111,206,315 at 256. The mask branch is
there always, as there; it is learnt with `learn_mask` and lies idle without.

Mended: all inters are trained; there, none is, since the optimizer was no longer given them: they stay as they start.
Costs 17 GFLOP a face forward at 128 pixels, 52 at 224.
"""

from collections.abc import Sequence

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder
from understudy.blocks.convolution import Dense
from understudy.blocks.deepfacelab import Decoder, Widths, encoded, encoder, multiple
from understudy.blocks.people import DecoderForAll
from understudy.networks import SIDES, Rebuilt

OPTIONS = "udt"


class Settings(Widths):
    """AMP, as DeepFaceLab has it."""

    resolution_px: int = Field(default=224, ge=64, le=640)
    """Side of what is seen and painted, a multiple of 32."""
    inter_dims: int = Field(default=1024, ge=32, le=2048)
    """Channels of the code, among which the likeness is divided."""
    learned_morph: float = Field(default=0.5, ge=0.1, le=0.5)
    """Share of the source's channels while learning. With less, morphs are smoother and the full likeness weaker."""

    @field_validator("resolution_px")
    @classmethod
    def _fits(cls, resolution_px: int) -> int:
        return multiple(resolution_px, 32, reason="which five halvings ask for")


class Model(Autoencoder):
    """AMP, as DeepFaceLab has it."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(DecoderForAll):
    """The network of AMP; any number of people, the last of whom is the target."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        side, channels = settings.resolution_px, settings.inter_dims
        self.input_px, self.outputs_px, self.people = side, (side,), people
        self.learns_mask, self.learned_morph, self.channels = settings.learn_mask, settings.learned_morph, channels
        values = encoded(side, settings.e_dims, options=OPTIONS)
        self.encoder = nn.Sequential(encoder(settings.e_dims, options=OPTIONS), Dense(values, settings.ae_dims))
        self.inters = nn.ModuleDict({person: self._inter(settings) for person in people})
        self.decoder = Decoder(channels, settings.d_dims, settings.mask_dims, options=OPTIONS)

    def code(self, features: Tensor, person: str, *, generator: torch.Generator | None = None) -> Tensor:
        """That of `person`, with as much of their own as while learning.

        While learning, the channels that are their own are drawn for every face; else they are the first.
        """
        order = None
        if generator is not None:
            order = torch.rand(len(features), self.channels, generator=generator).argsort(1).to(features.device)
        return self._mixed(features, person, self.people[-1], morph=self.learned_morph, order_BC=order)

    def swap(self, faces_B3HW: Tensor, *, source: str, target: str, morph: float) -> Rebuilt:
        """The likeness of `source` in a share `morph` of the channels, the target's own in the others."""
        return self.paint(self._mixed(self.encode(faces_B3HW), source, target, morph=morph))

    def paint(self, code: Tensor) -> Rebuilt:
        """The faces of a code."""
        return Rebuilt((self.decoder(code),), self.decoder.mask(code) if self.learns_mask else None, code)

    def _mixed(
        self, features: Tensor, person: str, other: str, *, morph: float, order_BC: Tensor | None = None
    ) -> Tensor:
        """Of channels in order, the first int(C · morph) come from the inter of `person`."""
        code = self.inters[other](features)
        if person != other:
            order = torch.arange(self.channels, device=features.device)[None] if order_BC is None else order_BC
            is_own = (order < int(self.channels * morph))[:, :, None, None]
            code = torch.where(is_own, self.inters[person](features), code)
        return torch.as_tensor(code)

    def _inter(self, settings: Settings) -> nn.Sequential:
        """The latter of an inter's dense layers; the first is the encoder's here."""
        side = settings.resolution_px // 32
        return nn.Sequential(
            Dense(settings.ae_dims, settings.inter_dims * side**2),
            nn.Unflatten(1, (settings.inter_dims, side, side)),
        )
