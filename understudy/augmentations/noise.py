"""Sensor noise: independent in every pixel and channel, and the same on every device.

A pixel's noise is a hash of its face's key and its own place: there is nothing to draw on the device, and a CPU and a
GPU make the same noise to the last bit.
"""

from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform

BYTES_MEAN, BYTES_DEVIATION = 4 * 127.5, (4 * (256**2 - 1) / 12) ** 0.5  # of the sum of four random bytes


class Settings(params.Settings):
    """How strong, and how often."""

    strength: float = Field(ge=0, le=0.5)
    """Largest standard deviation, where white is 1; 0.03 is a phone indoors."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class Noise(Drawn):
    """Standard deviations of the noise on the pictures `faces_K`, and the keys it is made from (int32)."""

    faces_K: Tensor
    deviation_K111: Tensor
    key_K111: Tensor


def sample(generator: torch.Generator, *, number: int, strength: float, share: float) -> Noise:
    """Deviations up to `strength`, uniform."""
    drawn = uniform(generator, number=number, count=3)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    deviation, key = drawn[faces, 1:, None, None, None].unbind(1)
    return Noise(faces, deviation * strength, (key * 2**24).int())


def apply(parameters: Noise, pictures_B3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1."""
    channels, height, width = pictures_B3HW.shape[1:]
    places = torch.arange(channels * height * width, dtype=torch.int32, device=pictures_B3HW.device)

    def changed(pictures: Tensor) -> Tensor:
        hashed = _hash(_hash(parameters.key_K111) ^ places.view(1, channels, height, width))
        total = sum((hashed >> bits) & 255 for bits in (0, 8, 16, 24))
        noise = (total - BYTES_MEAN) / BYTES_DEVIATION
        return (pictures + parameters.deviation_K111 * noise).clamp(0, 1)

    return change(pictures_B3HW, parameters.faces_K, changed)


def _hash(values: Tensor) -> Tensor:
    """A scrambled int32 for every int32 (lowbias32 of C. Wellons' hash prospector); products wrap."""
    values = values ^ ((values >> 16) & 0xFFFF)
    values = values * 0x7FEB352D
    values = values ^ ((values >> 15) & 0x1FFFF)
    values = values * (0x846CA68B - 2**32)
    return values ^ ((values >> 16) & 0xFFFF)
