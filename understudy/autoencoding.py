"""How every autoencoder of two people is trained, measured and made to paint; a model file brings the network.

Both people go through one encoder; each has a decoder that rebuilds them from warped pictures. Painting sends the
target through the source's decoder. Inputs and targets read at the same positions, and only inputs are warped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from understudy import skin
from understudy.augmentations import affine, color, flip, warp
from understudy.errors import ModelError
from understudy.facesets import FaceSet
from understudy.geometry import (
    CROP_COVERAGE,
    CROP_RESOLUTION_PX,
    apply_affine,
    invert_affine,
    resize_crop,
)
from understudy.losses.dssim import dssim
from understudy.losses.mae import mae
from understudy.measures import rebuilt
from understudy.model import Column, Painted, Side
from understudy.params import Settings
from understudy.randomness import torch_generator
from understudy.sampling import grid_positions, read_at

COVERAGE = 1.6  # of what the network sees, in mean face boxes
MARGIN = CROP_COVERAGE / COVERAGE  # how much wider the stored crops are
SIDES: tuple[Side, Side] = ("source", "target")
AT_ONCE = 16  # faces a forward pass when nothing is learnt


class Augmentation(Settings):
    """How training pictures are varied."""

    rotation_deg: float = Field(ge=0, le=45)
    """Turns are within plus or minus this. Small sets of steady footage learn better with 3 than with 10."""
    zoom: float = Field(ge=0, le=0.2)
    """Scales are within 1 plus or minus this."""
    shift: float = Field(ge=0, le=0.12)
    """Shifts are within plus or minus this share of the crop's side."""
    flip: float = Field(ge=0, le=1)
    """Share of mirrored faces; 0 keeps moles, partings and light where they are."""
    warp: float = Field(ge=0, le=0.2)
    """Standard deviation of the input's warp, as a share of the side; more makes the code more forgetful of shape."""
    color: float = Field(ge=0, le=0.5)
    """Strength of the input's change of exposure and white balance."""


class AutoencoderSettings(Settings):
    """What every autoencoder lets one choose."""

    batch: int = Field(ge=1, le=1024)
    """Faces of each person in a step; more is steadier and dearer. Must be a multiple of swapper.parts."""
    learning_rate: float = Field(gt=0, le=0.1)
    """Highest learning rate of the schedule. Large nets want 5e-5, tiny ones 2e-3."""
    dssim: float = Field(ge=0, le=10)
    """Weight of structural dissimilarity beside the absolute error; 0.5 sharpens without ringing."""
    background: float = Field(gt=0, le=1)
    """Weight of pixels outside the face, where it is 1 inside; low keeps the capacity for the face."""
    augmentation: Augmentation
    """How training pictures are varied."""


class TwoDecoders(Protocol):
    """A network for two people: `network(faces_B3HW, side)`, side 0 or 1, answers RGB 0–1 (B, 3, P, P)."""

    def __call__(self, faces_B3HW: Tensor, side: int) -> Tensor:
        """What `side`'s decoder makes of the faces."""
        ...


@dataclass(frozen=True)
class _Store:
    """A person's faces as a uint8 tensor (N, 4, S, S) of RGB and mask, skin-filled, MARGIN wider than the input."""

    pictures: Tensor

    def batch(self, indices: Tensor | slice) -> Tensor:
        return self.pictures[indices].float() / 255


class Autoencoder:
    """Everything of a two-decoder model but its network; see understudy.model.FaceModel."""

    needs: frozenset[Column] = frozenset({"pixels", "mask"})
    learns_from: frozenset[Side] = frozenset(SIDES)

    def __init__(
        self,
        network: torch.nn.Module,
        settings: AutoencoderSettings,
        *,
        input_px: int,
        output_px: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.network = network.to(device)
        self.batch = settings.batch
        self.learning_rate = settings.learning_rate
        self._settings, self._seed, self._device = settings, seed, device
        self._input_px, self._output_px = input_px, output_px
        self._training: list[_Store] = []
        self._validation: list[_Store] = []

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """Take both people's training and validation faces in. Raises ModelError when a split is empty."""
        for faces in (source, target):
            for split, stores in (("train", self._training), ("validation", self._validation)):
                chosen = faces.split(split)
                if not len(chosen):
                    raise ModelError(f"{faces.person}: no faces in the {split} split; give the clip more kept faces")
                stores.append(self._store(chosen))

    def mean_face(self, side: int) -> Tensor:
        """The mean of a person's training pictures at the output's resolution: (3, P, P)."""
        positions = grid_positions(self._output_px) / MARGIN
        total = torch.zeros(3, self._output_px, self._output_px)
        pictures = self._training[side].pictures.cpu()
        for start in range(0, len(pictures), AT_ONCE):
            total += read_at(pictures[start : start + AT_ONCE, :3].float() / 255, positions).sum(0)
        return total / len(pictures)

    def parameter_groups(self) -> list[dict[str, object]]:
        """All weights; biases and other vectors do not decay."""
        parameters = list(self.network.parameters())
        return [
            {"params": [each for each in parameters if each.ndim > 1]},
            {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
        ]

    def losses(self, *, step: int, part: int, faces: int) -> Mapping[str, Tensor]:
        """Masked absolute error and dissimilarity of both people's rebuilt faces."""
        return {side: self._loss(index, step=step, part=part, faces=faces) for index, side in enumerate(SIDES)}

    @torch.no_grad()
    def validation(self) -> Mapping[str, float]:
        """Loss, PSNR and SSIM of the validation faces, rebuilt without augmentation."""
        measures: dict[str, float] = {}
        for index, side in enumerate(SIDES):
            wanted = self._centre(self._validation[index].batch(slice(None)), self._output_px)
            inputs = self._centre(self._validation[index].batch(slice(None)), self._input_px)[:, :3]
            painted = self._forward(inputs, index)
            loss = self._compare(painted, wanted[:, :3], wanted[:, 3:])
            psnr_db, ssim = rebuilt(painted, wanted[:, :3], mask_N1HW=wanted[:, 3:])
            measures |= {f"loss_{side}": float(loss), f"psnr_db_{side}": psnr_db, f"ssim_{side}": ssim}
        return measures

    @torch.no_grad()
    def paint(self, faces: FaceSet) -> Painted:
        """Target faces through the source's decoder; landmarks and outline stay where they are."""
        size = self._output_px
        crops = np.asarray([_patch_crop(crop, size) for crop in faces.crop_from_frame_N23]).reshape(-1, 2, 3)
        points = [
            apply_affine(invert_affine(crop.astype(float)), face.astype(float))
            for crop, face in zip(faces.crop_from_frame_N23, faces.points_N2, strict=True)
        ]
        patches = np.zeros((0, size, size, 3), np.uint8)
        alpha = np.zeros((0, size, size), np.uint8)
        if len(faces):
            stored = self._store(faces).batch(slice(None))
            painted = self._forward(self._centre(stored, self._input_px)[:, :3], 0)
            patches = (painted * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
            alpha = (self._centre(stored, size)[:, 3] * 255).round().byte().cpu().numpy()
        nowhere = [np.zeros((0, 2))] * len(faces)
        moved = np.asarray(points, np.float32).reshape(-1, 68, 2)
        return Painted(patches, alpha, crops.astype(np.float32), moved, nowhere, nowhere)

    def pair(self, side: int, *, step: int, part: int, faces: int) -> tuple[Tensor, Tensor]:
        """Warped inputs (faces, 3, I, I) and what is wanted of them, RGB and mask (faces, 4, O, O)."""
        generator = torch_generator(self._seed, f"{SIDES[side]} faces {part}", step)
        store, ranges = self._training[side], self._settings.augmentation
        chosen = torch.randint(len(store.pictures), (faces,), generator=generator)
        mirror = flip.sample(generator, number=faces, share=ranges.flip)
        move = affine.sample(
            generator, number=faces, rotation_deg=ranges.rotation_deg, zoom=ranges.zoom, shift=ranges.shift
        )
        bend = warp.sample(generator, number=faces, strength=ranges.warp)
        tint = color.sample(generator, number=faces, strength=ranges.color)

        def positions(resolution_px: int) -> Tensor:
            grid = grid_positions(resolution_px).expand(faces, -1, -1, -1)
            return affine.apply(move, flip.apply(mirror, grid))

        pictures = store.batch(chosen.to(self._device))
        wanted = read_at(pictures, positions(self._output_px).to(self._device) / MARGIN)
        bent = warp.apply(bend, positions(self._input_px)).to(self._device)
        return color.apply(_on(tint, self._device), read_at(pictures[:, :3], bent / MARGIN)), wanted

    def _loss(self, side: int, *, step: int, part: int, faces: int) -> Tensor:
        inputs, wanted = self.pair(side, step=step, part=part, faces=faces)
        return self._compare(self.network(inputs, side), wanted[:, :3], wanted[:, 3:])

    def _compare(self, painted: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
        weight = mask + self._settings.background
        structure = self._settings.dssim * dssim(painted, wanted, weight_B1HW=weight, stride=2)
        return mae(painted, wanted, weight_B1HW=weight) + structure

    def _forward(self, inputs: Tensor, side: int) -> Tensor:
        starts = range(0, len(inputs), AT_ONCE)
        chunks = [self.network(inputs[start : start + AT_ONCE], side) for start in starts]
        return torch.cat(chunks)

    def _centre(self, pictures: Tensor, resolution_px: int) -> Tensor:
        return read_at(pictures, grid_positions(resolution_px).to(self._device) / MARGIN)

    def _store(self, faces: FaceSet) -> _Store:
        side = round(max(self._input_px, self._output_px) * MARGIN)
        rows = []
        for pixels, mask in zip(faces.pixels_NHWC, faces.mask_NHW, strict=True):
            filled = np.dstack([skin.fill_skin(pixels, mask), mask])
            rows.append(cv2.resize(filled, (side, side), interpolation=cv2.INTER_AREA))
        pictures = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous()
        return _Store(pictures.to(self._device))


def _on(tint: color.Color, device: torch.device) -> color.Color:
    return color.Color(tint.gain_B311.to(device), tint.offset_B111.to(device))


def _patch_crop(crop_from_frame: np.ndarray, resolution_px: int) -> np.ndarray:
    return resize_crop(
        crop_from_frame.astype(float),
        resolution_px=resolution_px,
        coverage=COVERAGE,
        from_resolution_px=CROP_RESOLUTION_PX,
        from_coverage=CROP_COVERAGE,
    )
