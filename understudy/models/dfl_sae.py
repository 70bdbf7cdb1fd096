"""DeepFaceLab's styleable autoencoder as faceswap has it, in both of its arrangements: df and liae.

df     a decoder for each person behind one dense code: 130,008,718 parameters, 130,122,130 multiscale
liae   one decoder for everybody; a code is twice as wide, half of it a person's own, half common: 121,746,593

All widths follow from three numbers a channel: `encoder_dims`, `decoder_dims`, `autoencoder_dims`. Decoders have two
residual blocks after each upscaling; `multiscale_decoder` paints and compares a quarter and half the size too. Costs
86.2 GFLOP a face forward at 128 pixels as df, 91.0 as liae; any number of people.

Mended: in liae, one person has no half of their own but the common one twice. faceswap gives that part to the person
who is replaced, so that a swap asks the source's own half for faces it never saw; here it is the first of the people,
the source, as in DeepFaceLab: the common half has seen the target's faces.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from understudy.autoencoding import Autoencoder, AutoencoderSettings
from understudy.blocks.decoding import ToPicture, mask_branch
from understudy.blocks.encoding import bottleneck, halvings
from understudy.blocks.refining import refined
from understudy.blocks.upscaling import Subpixel
from understudy.networks import SIDES, FaceNetwork, Rebuilt

RGB_CHANNELS = 3  # the origin counts dims a colour channel
DEEPEST = 16  # the face's side is halved to a sixteenth
EVERYBODY = "everybody"


class Settings(AutoencoderSettings):
    """The styleable autoencoder, df or liae."""

    architecture: Literal["df", "liae"] = "df"
    """df keeps more of the source's likeness; liae takes more of the target's light and shape of face."""
    resolution_px: int = Field(default=128, ge=64, le=256, multiple_of=DEEPEST)
    """Side of what is seen and painted; twice the side costs four times the arithmetic."""
    autoencoder_dims: int = Field(default=0, ge=0, le=1024)
    """Values of a dense code; 0 is 512 for df and 256 for liae. Raise it when expressions are lost."""
    encoder_dims: int = Field(default=42, ge=1, le=85)
    """A third of the first convolution's filters; 21 and up are for real faces."""
    decoder_dims: int = Field(default=21, ge=1, le=85)
    """A sixth of the last upscaling's filters; 10 and up are for real faces. Raise it for finer skin."""
    multiscale_decoder: bool = False
    """Whether a quarter and half the size are painted and compared too: steadier at first, a little dearer."""


class Model(Autoencoder):
    """The styleable autoencoder."""

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        super().__init__(Network(settings), settings, seed=seed, device=device)


class Network(FaceNetwork):
    """The network of the styleable autoencoder; any number of people."""

    def __init__(self, settings: Settings, *, people: Sequence[str] = SIDES) -> None:
        super().__init__()
        side = settings.resolution_px
        sides = (side // 4, side // 2, side) if settings.multiscale_decoder else (side,)
        self.input_px, self.outputs_px, self.people = side, sides, people
        self._is_liae = settings.architecture == "liae"
        width = RGB_CHANNELS * settings.encoder_dims
        self.encoder = nn.Sequential(*halvings([3, width, 2 * width, 4 * width, 8 * width]))
        self.common = _intermediate(settings)
        self.own = nn.ModuleDict({person: _intermediate(settings) for person in people[1:] if self._is_liae})
        code = _code_channels(settings) * (2 if self._is_liae else 1)
        painters = (EVERYBODY,) if self._is_liae else people
        self.decoders = nn.ModuleDict({painter: Decoder(code, settings) for painter in painters})
        self.masks = nn.ModuleDict({painter: _mask(code, settings) for painter in painters if settings.learn_mask})

    def decode(
        self, features: Tensor, person: str, *, faces_B3HW: Tensor, generator: torch.Generator | None = None
    ) -> Rebuilt:
        """Faces of `person`; those of anybody else become `person`'s."""
        del faces_B3HW, generator
        code = self._code(features, person)
        painter = EVERYBODY if self._is_liae else person
        mask = self.masks[painter](code) if painter in self.masks else None
        return Rebuilt(self.decoders[painter](code), mask, code)

    def _code(self, features: Tensor, person: str) -> Tensor:
        common = torch.as_tensor(self.common(features))
        if not self._is_liae:
            return common
        return torch.cat([self.own[person](features) if person in self.own else common, common], 1)


class Decoder(nn.Module):
    """(B, code, P / 8, P / 8) to faces of the sides that the settings name, the largest (B, 3, P, P)."""

    def __init__(self, code: int, settings: Settings) -> None:
        super().__init__()
        widths = [RGB_CHANNELS * settings.decoder_dims * factor for factor in (8, 4, 2)]
        painted = widths if settings.multiscale_decoder else widths[-1:]
        self.stages = nn.ModuleList(refined(*pair, residuals=2) for pair in pairwise([code, *widths]))
        self.pictures = nn.ModuleList(ToPicture(width) for width in painted)

    def forward(self, code: Tensor) -> tuple[Tensor, ...]:
        """The faces, RGB 0–1, from the smallest on."""
        features = [code]
        for stage in self.stages:
            features.append(stage(features[-1]))
        painted = features[-len(self.pictures) :]
        return tuple(picture(each) for picture, each in zip(self.pictures, painted, strict=True))


def _intermediate(settings: Settings) -> nn.Sequential:
    nodes, side = _nodes(settings), settings.resolution_px // DEEPEST
    channels = _code_channels(settings)
    seen = 8 * RGB_CHANNELS * settings.encoder_dims * side**2
    return nn.Sequential(*bottleneck(seen, nodes, channels=channels, side_px=side), Subpixel(channels, channels))


def _nodes(settings: Settings) -> int:
    return settings.autoencoder_dims or (256 if settings.architecture == "liae" else 512)


def _code_channels(settings: Settings) -> int:
    return _nodes(settings) * (2 if settings.architecture == "liae" else 1)


def _mask(code: int, settings: Settings) -> nn.Sequential:
    return mask_branch([code, *(settings.decoder_dims * factor for factor in (8, 4, 2))])
