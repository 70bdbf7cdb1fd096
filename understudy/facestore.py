"""A person's faces as a training reads them: small enough to lie in memory whole, on the device that trains."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from understudy import skin
from understudy.augmentations.warp_to_neighbour import nearest_faces
from understudy.faceparts import eyes_mask, mouth_mask
from understudy.facesets import FaceSet
from understudy.geometry import CROP_COVERAGE
from understudy.sampling import grid_positions, normalised_from_px, read_at

COVERAGE = 1.6  # of what networks see, in mean face boxes
MARGIN = CROP_COVERAGE / COVERAGE  # how much wider the stored pictures are, so that turned ones have no empty corners
RGB, MASK, EYES, MOUTH = slice(0, 3), slice(3, 4), slice(4, 5), slice(5, 6)
CHANNELS = 6


@dataclass(frozen=True)
class FaceStore:
    """N faces, skin-filled.

    pictures   by side P of what is read from them: uint8 (N, 6, S, S), RGB, mask, eyes, mouth; S is MARGIN · P, and
               never more than the crops have
    points_N682, yaw_N  landmarks in normalised coordinates of what networks see, and degrees
    names      "clip frame" of each face, for messages
    """

    pictures: dict[int, Tensor]
    points_N682: Tensor
    yaw_N: Tensor
    names: tuple[str, ...]
    _nearest: dict[tuple[str, ...], Tensor] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.names)

    def read(self, indices: Tensor | slice, positions_BHW2: Tensor, *, parts: slice = slice(None)) -> Tensor:
        """Faces at positions of a P × P picture in normalised coordinates: (B, C, P, P), 0–1."""
        pictures = self.pictures[positions_BHW2.shape[1]][:, parts]
        chosen = pictures.index_select(0, indices) if isinstance(indices, Tensor) else pictures[indices]
        return read_at(chosen.float().div_(255), positions_BHW2 / MARGIN)

    def centred(self, indices: Tensor | slice, side: int, *, parts: slice = slice(None)) -> Tensor:
        """Faces as they stand: (B, C, side, side), 0–1."""
        device = self.pictures[side].device
        return self.read(indices, grid_positions(side).to(device), parts=parts)

    def nearest(self, others: "FaceStore") -> Tensor:
        """For every face the ten most similar ones of the others: indices (N, ≤ 10), on the CPU; found once."""
        if others.names not in self._nearest:
            self._nearest[others.names] = nearest_faces(self.points_N682.cpu(), others.points_N682.cpu())
        return self._nearest[others.names]

    def mean(self, side: int) -> Tensor:
        """The mean picture: (3, side, side), 0–1, on the CPU."""
        total = torch.zeros(3, side, side)
        for start in range(0, len(self), 16):
            total += self.centred(slice(start, start + 16), side, parts=RGB).sum(0).cpu()
        return total / len(self)


def store_faces(faces: FaceSet, *, sides: Sequence[int], device: torch.device) -> FaceStore:
    """The faces, ready to be read as pictures of these `sides`."""
    full = [_picture(faces, index) for index in range(len(faces))]
    pictures = {side: _reduced(full, min(round(side * MARGIN), faces.side_px)).to(device) for side in sides}
    points = normalised_from_px(torch.from_numpy(faces.points_N2), faces.side_px) * MARGIN
    names = tuple(f"{clip} {frame}" for clip, frame in zip(faces.clips, faces.frames, strict=True))
    return FaceStore(pictures, points.to(device), torch.from_numpy(faces.pose_N3[:, 0].copy()).to(device), names)


def _picture(faces: FaceSet, index: int) -> np.ndarray:
    pixels, mask, points = faces.pixels_NHWC[index], faces.mask_NHW[index], faces.points_N2[index]
    side = pixels.shape[0]
    parts = [eyes_mask(points, resolution_px=side), mouth_mask(points, resolution_px=side)]
    return np.dstack([skin.fill_skin(pixels, mask), mask, *parts])


def _reduced(pictures: list[np.ndarray], side: int) -> Tensor:
    rows = [
        np.dstack(
            [cv2.resize(picture[..., part], (side, side), interpolation=cv2.INTER_AREA) for part in (RGB, slice(3, 6))]
        )
        for picture in pictures
    ]
    stacked = np.stack(rows) if rows else np.zeros((0, side, side, CHANNELS), np.uint8)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()
