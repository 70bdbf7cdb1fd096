"""How training faces are varied: which are drawn, where they are read, and what becomes of their colours.

Everything is drawn from generators named after (side, part) and the step, so any batch can be drawn again.
"""

from typing import NamedTuple

import torch
from pydantic import Field
from torch import Tensor

from understudy.augmentations import affine, color, flip, warp
from understudy.facestore import RGB, FaceStore
from understudy.params import Settings
from understudy.randomness import torch_generator
from understudy.sampling import grid_positions


class Augmentation(Settings):
    """How training pictures are varied."""

    rotation_deg: float = Field(default=10, ge=0, le=45)
    """Turns are within plus or minus this. Small sets of steady footage learn better with 3 than with 10."""
    zoom: float = Field(default=0.05, ge=0, le=0.2)
    """Scales are within 1 plus or minus this."""
    shift: float = Field(default=0.05, ge=0, le=0.12)
    """Shifts are within plus or minus this share of the crop's side."""
    flip: float = Field(default=0.5, ge=0, le=1)
    """Share of mirrored faces; 0 keeps moles, partings and light where they are."""
    warp: float = Field(default=0.02, ge=0, le=0.2)
    """Standard deviation of the input's warp, as a share of the side; more makes the code more forgetful of shape."""
    color: float = Field(default=0.08, ge=0, le=0.5)
    """Strength of the input's change of exposure and white balance."""


class Batch(NamedTuple):
    """What a network is given and what it should make of it.

    inputs    RGB 0–1, (B, 3, I, I), varied and warped
    wanted    by side P of each output: (B, 6, P, P), RGB, mask, eyes, mouth, varied but not warped
    names     "clip frame" of each face
    """

    inputs: Tensor
    wanted: dict[int, Tensor]
    names: tuple[str, ...]


def draw_batch(
    store: FaceStore,
    ranges: Augmentation,
    *,
    input_px: int,
    outputs_px: tuple[int, ...],
    number: int,
    is_warped: bool,
    seed: int,
    stream: str,
    step: int,
) -> Batch:
    """`number` faces of the store, chosen and varied by chance; inputs and wanted read at the same positions."""
    generator = torch_generator(seed, stream, step)
    device = store.yaw_N.device
    chosen = torch.randint(len(store), (number,), generator=generator)
    mirror = flip.sample(generator, number=number, share=ranges.flip)
    move = affine.sample(
        generator, number=number, rotation_deg=ranges.rotation_deg, zoom=ranges.zoom, shift=ranges.shift
    )
    bend = warp.sample(generator, number=number, strength=ranges.warp)
    tint = color.sample(generator, number=number, strength=ranges.color)

    def positions(resolution_px: int) -> Tensor:
        grid = grid_positions(resolution_px).expand(number, -1, -1, -1)
        return affine.apply(move, flip.apply(mirror, grid))

    indices = chosen.to(device)
    wanted = {side: store.read(indices, positions(side).to(device)) for side in outputs_px}
    places = positions(input_px)
    bent = (warp.apply(bend, places) if is_warped else places).to(device)
    tinted = color.apply(
        color.Color(tint.gain_B311.to(device), tint.offset_B111.to(device)), store.read(indices, bent, parts=RGB)
    )
    return Batch(tinted, wanted, tuple(store.names[index] for index in chosen.tolist()))
