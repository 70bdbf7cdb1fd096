"""The landmark-driven renderer: one person's face, drawn by another's landmarks.

Nothing hopes that a shared code carries the performance; it is given. The target's landmarks, openings and gaze are
retargeted to the source's shape and drawn as maps; a U-Net turns them into corrections of an atlas of the source's own
face that a thin-plate warp lays over the same points. It is learnt from the source's frames alone; of the target only
landmarks and range are needed, for the shape model.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from understudy.augmentations import affine
from understudy.driven.actor import drive, know_person
from understudy.driven.linemaps import draw_maps
from understudy.driven.network import MAPS_PX, Network
from understudy.driven.painting import COVERAGE, paint, render
from understudy.driven.shapes import make_template
from understudy.driven.steady import crop_points, frame_points
from understudy.driven.stored import DrivenFaces, Unwrapped
from understudy.errors import ModelError
from understudy.facesets import FaceSet
from understudy.geometry import CROP_COVERAGE, CROP_RESOLUTION_PX
from understudy.losses.dssim import dssim
from understudy.losses.gradient_difference import gradient_difference
from understudy.losses.mae import mae
from understudy.measures import rebuilt
from understudy.model import Column, Painted
from understudy.networks import Side
from understudy.params import Settings as Base
from understudy.phases import Phase
from understudy.precision import in_full, widened
from understudy.randomness import torch_generator
from understudy.sampling import grid_positions, px_from_normalised, read_at

MARGIN = CROP_COVERAGE / COVERAGE
WINDOW_PX = 192  # side of what a step compares of each patch
OPEN_MOUTHS = 0.75  # quantile of openings from which on mouths make the canonical face, so that teeth have room
AT_ONCE = 8  # faces a forward pass when nothing is learnt
PARTS = ((0, 17), (17, 27), (27, 36), (36, 48), (48, 68))  # landmarks that err together


class Settings(Base):
    """The landmark-driven renderer: minutes on two cores."""

    resolution_px: Literal[192, 256, 384, 512]
    """Side of the painted patch. More is worth its while where faces are larger in the footage than this / 1.6, brow to
    lower lip, and crops.resolution_px is larger than this, too. A step takes hardly longer, but sees less of the
    patch."""
    batch: int = Field(ge=1, le=256)
    """Faces in a step; 4 is best for minutes, 16 for hours. Must be a multiple of swapper.parts."""
    learning_rate: float = Field(gt=0, le=0.1)
    """Highest learning rate of the schedule."""
    texture_rate: float = Field(gt=0, le=100)
    """Learning rate of the textures relative to the network's; they see each pixel seldom and bear more."""
    nodes: int = Field(ge=1, le=64)
    """Textures for turns of the head, and for mouths and eyes each; more follow finer and are seen less often."""
    dssim: float = Field(ge=0, le=10)
    """Weight of structural dissimilarity beside the absolute error."""
    gradient: float = Field(ge=0, le=10)
    """Weight of the gradient difference: crisper with more, until noise is learnt."""
    background: float = Field(gt=0, le=1)
    """Weight of pixels outside the face, where it is 1 inside."""
    features: float = Field(ge=0, le=20)
    """Weight of eyes and mouth beyond that of the face, 1; they are small and say most."""
    rotation_deg: float = Field(ge=0, le=45)
    """Training faces are turned within plus or minus this."""
    zoom: float = Field(ge=0, le=0.2)
    """Training faces are scaled within 1 plus or minus this."""
    shift: float = Field(ge=0, le=0.1)
    """Training faces are shifted within plus or minus this share of the patch's side."""
    point_noise: float = Field(ge=0, le=0.1)
    """Standard deviation of the noise on each drawn landmark, in half sides of the patch; forgives the detector."""
    part_noise: float = Field(ge=0, le=0.1)
    """The same for each part of the face as a whole; forgives the retargeting."""
    sized_by: Literal["face", "eyes"]
    """What keeps its size when the source's face is laid over the target's: the face, or the distances of the eyes."""
    brow_margin: float = Field(ge=0, le=0.5)
    """How far above the brows the painted face reaches, in lengths of the nose."""


class Model:
    """The landmark-driven renderer; see understudy.model.FaceModel."""

    needs: frozenset[Column] = frozenset({"pixels", "points"})
    learns_from: frozenset[Side] = frozenset({"source", "target"})
    network: Network

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        generator = torch_generator(seed, "initial weights")
        network = Network(resolution_px=settings.resolution_px, nodes=settings.nodes, generator=generator)
        self.network = network.to(device)
        self.batch, self.learning_rate = settings.batch, settings.learning_rate
        self.painted_px = settings.resolution_px
        self._settings, self._seed, self._device = settings, seed, device
        self.critics: torch.nn.Module | None = None
        self._training: DrivenFaces | None = None
        self._names: list[str] = []
        self._validation: DrivenFaces | None = None
        self._grid = grid_positions(settings.resolution_px).to(device)

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """Fit both shape models, and start the atlas from the source's training faces.

        Raises ModelError when a split that is needed is empty.
        """
        own, others = _split(source, "train"), _split(target, "train")
        both = [crop_points(faces, frame_points(faces)) * _unit(faces) for faces in (own, others)]
        template = make_template(np.stack([points.mean(0) for points in both]))
        self.network.source.remember(know_person(own, template))
        self.network.target.remember(know_person(others, template))
        self._training = self._faces(own)
        self._names = [f"{clip} {frame}" for clip, frame in zip(own.clips, own.frames, strict=True)]
        self._validation = self._faces(_split(source, "validation"))
        self._begin_atlas(self._training)

    def parameter_groups(self) -> list[dict[str, object]]:
        """Convolutions, their biases without decay, and the textures, faster and without decay."""
        textures = [*self.network.atlas.parameters(), self.network.features]
        known = {id(each) for each in textures}
        layers = [each for each in self.network.parameters() if id(each) not in known]
        return [
            {"params": [each for each in layers if each.ndim > 1]},
            {"params": [each for each in layers if each.ndim <= 1], "weight_decay": 0.0},
            {"params": textures, "weight_decay": 0.0, "rate": self._settings.texture_rate},
        ]

    def losses(self, *, step: int, part: int, faces: int) -> Mapping[str, Tensor]:
        """Absolute error, dissimilarity and gradient difference of the source's rebuilt faces."""
        assert self._training is not None, "begin comes first"
        stored, settings = self._training, self._settings
        generator = self._generator(step, part)
        chosen = torch.randint(len(stored), (faces,), generator=generator).to(self._device)
        move = affine.sample(
            generator,
            number=faces,
            rotation_deg=settings.rotation_deg,
            zoom=settings.zoom,
            shift=settings.shift,
        )
        move = affine.Affine(move.matrix_B22.to(self._device), move.shift_B2.to(self._device))
        noise = self._noise(generator, faces).to(self._device)
        with in_full(self._device):
            points = affine.apply_to_points(move, stored.points_N702[chosen])
            maps = draw_maps(points + noise, stored.mouth_N[chosen], stored.eyes_N[chosen], resolution_px=MAPS_PX)
            places = self._windows(generator, points)
            grid = self._grid.expand(faces, -1, -1, -1) if places is None else places
            wanted = read_at(stored.pictures[chosen].float() / 255, affine.apply(move, grid) / MARGIN)
        painted = self.network(maps, points, stored.traits_of(chosen), places=places)
        with in_full(self._device):
            return {"source": self._compare(widened(painted), wanted)}

    def drawn_names(self, *, step: int, part: int, faces: int) -> Sequence[str]:
        """Which faces one part of a step's batch holds: "source ada 17"."""
        assert self._training is not None, "begin comes first"
        chosen = torch.randint(len(self._training), (faces,), generator=self._generator(step, part))
        return [f"source {self._names[index]}" for index in chosen.tolist()]

    def phases(self) -> Sequence[Phase]:
        """None."""
        return ()

    def start_anew(self, parts: Sequence[str], *, seed: int) -> None:
        """Nothing: no phase asks for it."""

    @torch.no_grad()
    def validation(self) -> Mapping[str, float]:
        """Loss, PSNR and SSIM of the source's validation faces, driven by their own landmarks."""
        assert self._validation is not None, "begin comes first"
        stored = self._validation
        sums = np.zeros(3)  # of loss, squared error and similarity, batch by batch: whole splits fill the memory
        for start in range(0, len(stored), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            wanted = read_at(stored.pictures[rows].float() / 255, self._grid / MARGIN)
            points, mouth, eyes = stored.points_N702[rows], stored.mouth_N[rows], stored.eyes_N[rows]
            painted = render(self.network, points, mouth, eyes, stored.traits_of(rows))
            psnr_db, ssim = rebuilt(painted, wanted[:, :3], mask_N1HW=wanted[:, 3:4])
            sums += len(wanted) * np.array([float(self._compare(painted, wanted)), 10 ** (-psnr_db / 10), ssim])
        loss, error, ssim = (sums / len(stored)).tolist()
        return {"loss_source": loss, "psnr_db_source": -10 * math.log10(error), "ssim_source": ssim}

    def paint(self, faces: FaceSet) -> Painted:
        """The source's face with these faces' performance; the jaw is where the source's would be."""
        settings = self._settings
        return paint(
            self.network, faces, sized_by=settings.sized_by, brow_margin=settings.brow_margin, device=self._device
        )

    def _generator(self, step: int, part: int) -> torch.Generator:
        return torch_generator(self._seed, f"source faces {part}", step)

    def _faces(self, faces: FaceSet) -> DrivenFaces:
        source = self.network.source.person()
        own = drive(faces, source, source, sized_by=self._settings.sized_by)
        return DrivenFaces(faces, own, margin=MARGIN, brow_margin=self._settings.brow_margin, device=self._device)

    def _begin_atlas(self, stored: DrivenFaces) -> None:
        with torch.no_grad():
            is_open = stored.mouth_N >= stored.mouth_N.quantile(OPEN_MOUTHS)
            self.network.canonical_702.copy_(stored.points_N702[is_open].mean(0))
            side = self._settings.resolution_px
            textures = Unwrapped(stored, self.network.canonical_702, margin=MARGIN, resolution_px=side)
            self.network.atlas.begin(textures, stored.traits)

    def _compare(self, painted: Tensor, wanted: Tensor) -> Tensor:
        settings, pictures = self._settings, wanted[:, :3]
        weight = wanted[:, 3:4] + settings.background + settings.features * wanted[:, 4:]
        return (
            mae(painted, pictures, weight_B1HW=weight)
            + settings.dssim * dssim(painted, pictures, weight_B1HW=weight, stride=3)
            + settings.gradient * gradient_difference(painted, pictures, weight_B1HW=weight)
        )

    def _windows(self, generator: torch.Generator, points_B702: Tensor) -> Tensor | None:
        """The pixels that this step compares, (B, WINDOW_PX, WINDOW_PX, 2), around a landmark each; None: all."""
        side = self._settings.resolution_px
        if side <= WINDOW_PX:
            return None
        number = len(points_B702)
        which = torch.randint(70, (number,), generator=generator).to(self._device)
        aside = (torch.rand(number, 2, generator=generator) - 0.5).to(self._device) * WINDOW_PX / 2
        centres = px_from_normalised(points_B702[torch.arange(number), which], side) + aside
        corners = ((centres - WINDOW_PX / 2) / 2).round().long().clamp(0, (side - WINDOW_PX) // 2) * 2
        grid = self._grid[0]
        return torch.stack([grid[y : y + WINDOW_PX, x : x + WINDOW_PX] for x, y in corners.tolist()])

    def _noise(self, generator: torch.Generator, faces: int) -> Tensor:
        noise = torch.randn(faces, 70, 2, generator=generator) * self._settings.point_noise
        for begin, end in PARTS:
            noise[:, begin:end] += torch.randn(faces, 1, 2, generator=generator) * self._settings.part_noise
        return noise


def _split(faces: FaceSet, name: str) -> FaceSet:
    chosen = faces.split(name)
    if not len(chosen):
        raise ModelError(f"{faces.person}: no faces in the {name} split; give the clip more kept faces")
    return chosen


def _unit(faces: FaceSet) -> float:
    """What makes points of these crops those of crops of CROP_RESOLUTION_PX."""
    return CROP_RESOLUTION_PX / faces.side_px
