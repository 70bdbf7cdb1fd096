"""Phaze-A: an autoencoder put together from parts; presets rebuild most of the others, and some that are its own.

From: faceswap's model of this name (2021 on). An encoder; fully connected parts, one for each person or for all, also
beside one that all share; a G-block that restyles what they make; decoders, one for all or for each person. Every
part's settings lie in its file in understudy/phaze_a/. The default has 123,766,211 parameters at 64 to 128 pixels and
costs 21 GFLOP a face forward.

Mended: sizes that do not fit are refused before training; noise and dropout can be replayed. Any number of people: who
has no part of their own shares.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.chance import Chain
from understudy.facesets import FaceSet
from understudy.networks import SIDES, FaceNetwork, Rebuilt
from understudy.phaze_a.backbones import Backbone, library_chance
from understudy.phaze_a.bottleneck import BottleneckSettings, bottleneck, code_size
from understudy.phaze_a.decoder import Decoder, DecoderSettings, decoder_widths, split_widths, upscaled
from understudy.phaze_a.encoder import EncoderSettings, encoder, seen_px
from understudy.phaze_a.fc import FcSettings, fully_connected, style_maker
from understudy.phaze_a.gblock import Gblock, GblockSettings
from understudy.phaze_a.presets import Preset, with_preset
from understudy.weights import Weights

ALL = "all"


class Settings(AutoencoderSettings):
    """Phaze-A: from light to very large, as one builds it."""

    preset: Preset | None = None
    """A known network; what else is said stands above it. null starts from the defaults of each part."""
    output_px: int = Field(default=128, ge=64, le=2048, multiple_of=16)
    """Side of what is painted."""
    split_fc: bool = True
    """Whether each person has a fully connected part; otherwise all share one."""
    shared_fc: Literal["none", "full", "half"] = "none"
    """Beside split parts, what everybody's faces go through too: one more part (full), or the target's (half)."""
    enable_gblock: bool = True
    """Whether a G-block restyles what the fully connected parts make."""
    split_gblock: bool = False
    """Whether each person has a G-block."""
    split_decoders: bool = False
    """Whether each person has a decoder. Somewhere people must be told apart: here, or by split_fc, or split_gblock."""
    encoder: EncoderSettings = EncoderSettings()
    """What looks at the faces."""
    bottleneck: BottleneckSettings = BottleneckSettings()
    """How what it sees becomes a code."""
    fc: FcSettings = FcSettings()
    """How the code becomes a small picture of many channels."""
    gblock: GblockSettings = GblockSettings()
    """How the code becomes a style."""
    decoder: DecoderSettings = DecoderSettings()
    """How small pictures become faces."""

    @model_validator(mode="before")
    @classmethod
    def _begin_with_preset(cls, values: object) -> object:
        return with_preset(values) if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.shared_fc != "none" and not self.split_fc:
            raise ValueError(f"shared_fc {self.shared_fc} stands beside split parts; set split_fc: true, or it to none")
        if not (self.split_fc or self.split_decoders or (self.enable_gblock and self.split_gblock)):
            raise ValueError("nobody is told apart; set split_fc, split_decoders or, of the G-block, split_gblock")
        return self


class Model(Autoencoder):
    """Phaze-A."""

    network: "Network"

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        with library_chance(seed):
            network = Network(settings)
        super().__init__(network, settings, seed=seed, device=device)
        self._encoder = settings.encoder

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """As every autoencoder; an encoder that has weights to start with takes them."""
        super().begin(source, target)
        if self._encoder.weights is not None and self._encoder.sha256 is not None:
            self.network.backbone().load(Weights(self._encoder.weights, self._encoder.sha256))

    def parameter_groups(self) -> list[dict[str, object]]:
        """As every autoencoder; a frozen encoder's weights stay."""
        if not self._encoder.frozen:
            return super().parameter_groups()
        kept = list(self.network.backbone().parameters())
        known = {id(each) for each in kept}
        learnt = [each for each in self.network.parameters() if id(each) not in known]
        return [
            {"params": [each for each in learnt if each.ndim > 1]},
            {"params": [each for each in learnt if each.ndim <= 1], "weight_decay": 0.0},
            {"params": kept, "weight_decay": 0.0, "rate": 0.0},
        ]

    def validation(self) -> Mapping[str, float]:
        """As every autoencoder, once batch norms, where there are any, know their faces."""
        self.measure_populations()
        return super().validation()


class Network(FaceNetwork):
    """The network of Phaze-A; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        self.input_px, self.outputs_px, self.people = seen_px(settings.encoder), (settings.output_px,), people
        self._half = ("target" if "target" in people else people[0]) if settings.shared_fc == "half" else None
        plan = Plan(settings)
        self.encoder = plan.encoder
        self.fcs = nn.ModuleDict({person: plan.fc() for person in _each(people, settings.split_fc)})
        self.fc_shared = plan.fc() if settings.shared_fc == "full" else None
        self.fc_gblock, self.gblocks = None, nn.ModuleDict()
        if settings.enable_gblock:
            self.fc_gblock = plan.style()
            self.gblocks.update({person: plan.gblock() for person in _each(people, settings.split_gblock)})
        self.decoders = nn.ModuleDict({person: plan.decoder() for person in _each(people, settings.split_decoders)})

    def backbone(self) -> Backbone:
        """The encoder, of those that a library brings."""
        assert isinstance(self.encoder, Chain)
        found = self.encoder.layers[0]
        assert isinstance(found, Backbone)
        return found

    def encode(self, faces_B3HW: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """What is seen in the faces; while learning, with dropout, noise and batch norms of this batch alone."""
        return torch.as_tensor(self.encoder(faces_B3HW, generator))

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`; while learning, with noise and dropout, and batch norms that see this batch alone."""
        del faces_B3HW
        code = _of(self.fcs, person)(features, generator)
        if self.fc_shared is not None:
            code = torch.cat([code, self.fc_shared(features, generator)], 1)
        if self._half is not None:
            shared = code if person == self._half else self.fcs[self._half](features, generator)
            code = torch.cat([code, shared], 1)
        if self.fc_gblock is not None:
            code = _of(self.gblocks, person)(code, self.fc_gblock(features, generator), generator)
        decoder = _of(self.decoders, person)
        assert isinstance(decoder, Decoder)
        mask = None if decoder.mask is None else decoder.mask(code, generator)
        return Rebuilt((decoder(code, generator),), mask, code)


class Plan:
    """What each part of a network is given, once the others are known."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        body, self.features = encoder(settings.encoder)
        self.encoder = Chain(body, *self._bottleneck(is_encoder=True))
        self.code = code_size(settings.bottleneck, self.features)
        self.made = settings.fc.channels_out(settings.output_px)
        doublings = (settings.output_px // settings.fc.side_out(settings.output_px)).bit_length() - 1
        self.widths = decoder_widths(settings.decoder, doublings)
        self.inner, self.outer = split_widths(settings.decoder, self.widths)

    def fc(self) -> Chain:
        """A fully connected part, with what doublings it has."""
        dense = fully_connected(self.settings.fc, self.code, output_px=self.settings.output_px)
        ups = upscaled(self.settings.decoder, self.made, self.inner, is_first=True) if self.inner else []
        return Chain(*self._bottleneck(is_encoder=False), dense, *ups)

    def style(self) -> Chain:
        """The dense layers that make a style."""
        return Chain(*self._bottleneck(is_encoder=False), style_maker(self.settings.gblock, self.code))

    def gblock(self) -> Gblock:
        """A G-block."""
        return Gblock(self._channels(), self.settings.gblock.max_nodes)

    def decoder(self) -> Decoder:
        """A decoder."""
        return Decoder(self.settings.decoder, self._channels(), self.outer, learn_mask=self.settings.learn_mask)

    def _channels(self) -> int:
        made = self.inner[-1] if self.inner else self.made
        return made if self.settings.shared_fc == "none" else 2 * made

    def _bottleneck(self, *, is_encoder: bool) -> list[nn.Module]:
        is_here = self.settings.bottleneck.in_encoder == is_encoder
        return [bottleneck(self.settings.bottleneck, self.features)] if is_here else []


def _each(people: Sequence[str], is_split: bool) -> Sequence[str]:
    return people if is_split else (ALL,)


def _of(parts: nn.ModuleDict, person: str) -> nn.Module:
    return parts[person if person in parts else ALL]
