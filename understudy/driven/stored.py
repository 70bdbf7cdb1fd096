"""Faces to learn from, on the device, with all that drives them."""

import numpy as np
import torch
from torch import Tensor

from understudy import skin
from understudy.driven.actor import Drive
from understudy.driven.atlas import Traits
from understudy.driven.outline import JAW_SHRINK, features_mask, painted_mask
from understudy.facesets import FaceSet
from understudy.plate import plate_positions
from understudy.sampling import normalised_from_px, read_at


class DrivenFaces:
    """N faces and what drives them.

    pictures      uint8 (N, 5, S, S) of RGB, skin-filled, mask of the face, mask of eyes and mouth; as wide as the crops
    points_N702   in normalised coordinates of the patch, which is `margin` times narrower than the crop
    """

    def __init__(
        self, faces: FaceSet, driven: Drive, *, margin: float, brow_margin: float, device: torch.device
    ) -> None:
        rows = []
        for pixels, points in zip(faces.pixels_NHWC, driven.points_N702, strict=True):
            mask = painted_mask(points[:68], resolution_px=len(pixels), brow_margin=brow_margin, jaw_shrink=JAW_SHRINK)
            features = features_mask(points[:68], resolution_px=len(pixels))
            rows.append(np.dstack([skin.fill_skin(pixels, mask), mask, features]))
        self.pictures = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous().to(device)
        points_N702 = torch.from_numpy(driven.points_N702.astype(np.float32))
        self.points_N702 = (normalised_from_px(points_N702, self.pictures.shape[-1]) * margin).to(device)
        self.mouth_N = torch.from_numpy(driven.mouth_N.astype(np.float32)).to(device)
        self.eyes_N = torch.from_numpy(driven.eyes_N.astype(np.float32)).to(device)
        self.traits = Traits(*(values.to(device) for values in driven.traits))

    def __len__(self) -> int:
        return len(self.pictures)

    def traits_of(self, chosen: Tensor | slice) -> Traits:
        """The traits of some of the faces."""
        return Traits(*(values[chosen] for values in self.traits))


class Unwrapped:
    """The faces of `stored` laid flat: textures (N, 3, R, R) in logits of RGB, made when rows are asked for."""

    def __init__(self, stored: DrivenFaces, canonical_702: Tensor, *, margin: float, resolution_px: int) -> None:
        self._stored, self._canonical, self._margin = stored, canonical_702, margin
        self._resolution_px = resolution_px

    def __getitem__(self, rows: slice) -> Tensor:
        """The textures of some rows."""
        places = plate_positions(
            self._canonical[None], self._stored.points_N702[rows], resolution_px=self._resolution_px
        )
        colours = read_at(self._stored.pictures[rows, :3].float() / 255, places / self._margin)
        return torch.logit(colours.clamp(0.02, 0.98))
