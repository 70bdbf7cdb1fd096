"""The landmark-driven renderer: one person's face, drawn by another's landmarks.

Nothing hopes that a shared code carries the performance; it is given. The target's landmarks, openings and gaze are
retargeted to the source's shape and drawn as maps; a U-Net turns them into corrections of an atlas of the source's own
face that a thin-plate warp lays over the same points. It is learnt from the source's frames alone; of the target only
landmarks and range are needed, for the shape model.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from understudy.augmentations import affine
from understudy.driven.actor import Drive, drive, know_person
from understudy.driven.atlas import Atlas, Traits
from understudy.driven.linemaps import CHANNELS, draw_maps
from understudy.driven.memory import Memory
from understudy.driven.outline import JAW_SHRINK, moved_outline, painted_mask
from understudy.driven.shapes import make_template
from understudy.driven.steady import crop_points, frame_points, steady_points
from understudy.driven.stored import DrivenFaces
from understudy.errors import ModelError
from understudy.facesets import FaceSet
from understudy.geometry import CROP_COVERAGE, apply_affine, fit_crop, invert_affine
from understudy.layers import Upscale, activate, conv3, subpixel_conv3
from understudy.losses.dssim import dssim
from understudy.losses.gradient_difference import gradient_difference
from understudy.losses.mae import mae
from understudy.measures import rebuilt
from understudy.model import Column, Painted
from understudy.networks import Side
from understudy.params import Settings as Base
from understudy.phases import Phase
from understudy.plate import plate_positions
from understudy.precision import in_full, widened
from understudy.randomness import torch_generator
from understudy.sampling import grid_positions, normalised_from_px, read_at

COVERAGE = 1.6  # of the painted patch, in mean face boxes
MARGIN = CROP_COVERAGE / COVERAGE
WIDTHS = (32, 64, 96, 160)  # channels of the U-Net, from a quarter of the patch's resolution downwards
LAST_WIDTH = 16
FEATURES = 8  # channels of the learned texture that is not colour
FEATURES_PX = 128
HEAD_SCALE = 0.3  # corrections of the atlas start small
OPEN_MOUTHS = 0.75  # quantile of openings from which on mouths make the canonical face, so that teeth have room
AT_ONCE = 8  # faces a forward pass when nothing is learnt
PARTS = ((0, 17), (17, 27), (27, 36), (36, 48), (48, 68))  # landmarks that err together


class Settings(Base):
    """The landmark-driven renderer: minutes on two cores."""

    resolution_px: Literal[192, 256]
    """Side of the painted patch; 256 wants footage whose faces are larger than 150 pixels, and twice the time."""
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


class Network(nn.Module):
    """Maps and an atlas to one person's face; what is remembered of both people are buffers."""

    canonical_702: Tensor

    def __init__(self, *, resolution_px: int, nodes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.resolution_px = resolution_px
        first, second, third, last = WIDTHS
        self.enter = conv3(CHANNELS, first, generator=generator)
        self.halve_1 = conv3(first, second, stride=2, generator=generator)
        self.halve_2 = conv3(second, third, stride=2, generator=generator)
        self.halve_3 = conv3(third, last, stride=2, generator=generator)
        self.turn = conv3(last, last, generator=generator)
        self.double_1 = Upscale(last, third, generator=generator)
        self.join_1 = conv3(2 * third, third, generator=generator)
        self.double_2 = Upscale(third, second, generator=generator)
        self.join_2 = conv3(2 * second, second, generator=generator)
        self.double_3 = Upscale(second, first, generator=generator)
        self.join_3 = conv3(2 * first, first, generator=generator)
        self.double_4 = Upscale(first, LAST_WIDTH, generator=generator)
        self.join_4 = conv3(LAST_WIDTH + FEATURES + 3, LAST_WIDTH, generator=generator)
        self.head = subpixel_conv3(LAST_WIDTH, 3, factor=2, generator=generator)
        with torch.no_grad():
            self.head.weight.mul_(HEAD_SCALE)
        self.atlas = Atlas(resolution_px=resolution_px, nodes=nodes)
        self.features = nn.Parameter(torch.randn(1, FEATURES, FEATURES_PX, FEATURES_PX, generator=generator) * 0.1)
        self.register_buffer("canonical_702", torch.zeros(70, 2))
        self.source = Memory()
        self.target = Memory()

    def forward(self, maps: Tensor, points_B702: Tensor, traits: Traits) -> Tensor:
        """Faces (B, 3, P, P), RGB 0–1, from maps (B, 10, P/4, P/4), the points that hold the warp, and traits."""
        canonical = self.canonical_702[None]
        with in_full(maps.device):
            fine = plate_positions(points_B702, canonical, resolution_px=self.resolution_px)
        coarse = functional.avg_pool2d(fine.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        base = read_at(self.atlas(traits), fine)
        known = [read_at(self.features.expand(len(maps), -1, -1, -1), coarse), functional.avg_pool2d(base, 2)]
        full = activate(self.enter(maps))
        half = activate(self.halve_1(full))
        quarter = activate(self.halve_2(half))
        inner = activate(self.turn(activate(self.halve_3(quarter))))
        quarter = activate(self.join_1(torch.cat([self.double_1(inner), quarter], 1)))
        half = activate(self.join_2(torch.cat([self.double_2(quarter), half], 1)))
        full = activate(self.join_3(torch.cat([self.double_3(half), full], 1)))
        twice = activate(self.join_4(torch.cat([self.double_4(full), *known], 1)))
        return torch.sigmoid(base + functional.pixel_shuffle(self.head(twice), 2))


class Model:
    """The landmark-driven renderer; see understudy.model.FaceModel."""

    needs: frozenset[Column] = frozenset({"pixels", "points"})
    learns_from: frozenset[Side] = frozenset({"source", "target"})
    network: Network

    def __init__(self, settings: Settings, *, seed: int, device: torch.device) -> None:
        generator = torch_generator(seed, "initial weights")
        network = Network(resolution_px=settings.resolution_px, nodes=settings.nodes, generator=generator)
        self.network = network.to(device)
        self.critics: nn.Module | None = None
        self.batch, self.learning_rate = settings.batch, settings.learning_rate
        self._settings, self._seed, self._device = settings, seed, device
        self._training: DrivenFaces | None = None
        self._names: list[str] = []
        self._validation: DrivenFaces | None = None

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """Fit both shape models, and start the atlas from the source's training faces.

        Raises ModelError when a split that is needed is empty.
        """
        learnt = {"source": _split(source, "train"), "target": _split(target, "train")}
        both = [crop_points(faces, frame_points(faces)) for faces in learnt.values()]
        template = make_template(np.stack([points.mean(0) for points in both]))
        self.network.source.remember(know_person(learnt["source"], template))
        self.network.target.remember(know_person(learnt["target"], template))
        self._training = self._faces(learnt["source"])
        self._names = [
            f"{clip} {frame}" for clip, frame in zip(learnt["source"].clips, learnt["source"].frames, strict=True)
        ]
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
            maps = self._maps(points + noise, stored.mouth_N[chosen], stored.eyes_N[chosen])
            grid = affine.apply(move, grid_positions(settings.resolution_px).to(self._device).expand(faces, -1, -1, -1))
            wanted = read_at(stored.pictures[chosen].float() / 255, grid / MARGIN)
        painted = self.network(maps, points, stored.traits_of(chosen))
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
        grid = grid_positions(self._settings.resolution_px).to(self._device) / MARGIN
        painted, wanted = [], []
        for start in range(0, len(stored), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            wanted.append(read_at(stored.pictures[rows].float() / 255, grid))
            painted.append(
                self._render(
                    stored.points_N702[rows], stored.mouth_N[rows], stored.eyes_N[rows], stored.traits_of(rows)
                )
            )
        all_painted, all_wanted = torch.cat(painted), torch.cat(wanted)
        loss = float(self._compare(all_painted, all_wanted))
        psnr_db, ssim = rebuilt(all_painted, all_wanted[:, :3], mask_N1HW=all_wanted[:, 3:4])
        return {"loss_source": loss, "psnr_db_source": psnr_db, "ssim_source": ssim}

    @torch.no_grad()
    def paint(self, faces: FaceSet) -> Painted:
        """The source's face with these faces' performance; the jaw is where the source's would be."""
        side = self._settings.resolution_px
        performed = steady_points(faces)
        driven = self._drive(faces)
        moved = np.asarray(
            [
                apply_affine(invert_affine(crop.astype(float)), points)
                for crop, points in zip(faces.crop_from_frame_N23, driven.points_N702, strict=True)
            ]
        ).reshape(-1, 70, 2)
        crops = np.asarray([fit_crop(points[:68], resolution_px=side, coverage=COVERAGE) for points in moved]).reshape(
            -1, 2, 3
        )
        in_patch = np.asarray([apply_affine(crop, points) for crop, points in zip(crops, moved, strict=True)])
        patches = self._patches(in_patch.reshape(-1, 70, 2), driven)
        alpha = [
            painted_mask(points[:68], resolution_px=side, brow_margin=self._settings.brow_margin, jaw_shrink=JAW_SHRINK)
            for points in in_patch
        ]
        outlines = [moved_outline(before, after[:68]) for before, after in zip(performed, moved, strict=True)]
        return Painted(
            patches,
            np.asarray(alpha, np.uint8).reshape(-1, side, side),
            crops.astype(np.float32),
            moved[:, :68].astype(np.float32),
            [before for before, _ in outlines],
            [after for _, after in outlines],
        )

    def _generator(self, step: int, part: int) -> torch.Generator:
        return torch_generator(self._seed, f"source faces {part}", step)

    def _drive(self, faces: FaceSet) -> Drive:
        source, target = self.network.source.person(), self.network.target.person()
        return drive(faces, source, target, sized_by=self._settings.sized_by)

    def _faces(self, faces: FaceSet) -> DrivenFaces:
        source = self.network.source.person()
        own = drive(faces, source, source, sized_by=self._settings.sized_by)
        return DrivenFaces(faces, own, margin=MARGIN, brow_margin=self._settings.brow_margin, device=self._device)

    def _begin_atlas(self, stored: DrivenFaces) -> None:
        with torch.no_grad():
            is_open = stored.mouth_N >= stored.mouth_N.quantile(OPEN_MOUTHS)
            self.network.canonical_702.copy_(stored.points_N702[is_open].mean(0))
            side = self._settings.resolution_px
            textures = []
            for start in range(0, len(stored), AT_ONCE):
                rows = slice(start, start + AT_ONCE)
                places = plate_positions(self.network.canonical_702[None], stored.points_N702[rows], resolution_px=side)
                colours = read_at(stored.pictures[rows, :3].float() / 255, places / MARGIN)
                textures.append(torch.logit(colours.clamp(0.02, 0.98)))
            self.network.atlas.begin(torch.cat(textures), stored.traits)

    def _patches(self, in_patch: np.ndarray, driven: Drive) -> np.ndarray:
        side = self._settings.resolution_px
        points = normalised_from_px(torch.from_numpy(in_patch.astype(np.float32)), side).to(self._device)
        mouth = torch.from_numpy(driven.mouth_N.astype(np.float32)).to(self._device)
        eyes = torch.from_numpy(driven.eyes_N.astype(np.float32)).to(self._device)
        patches = [np.zeros((0, side, side, 3), np.uint8)]
        for start in range(0, len(points), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            traits = Traits(*(values[rows].to(self._device) for values in driven.traits))
            painted = self._render(points[rows], mouth[rows], eyes[rows], traits)
            patches.append((painted * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy())
        return np.concatenate(patches)

    def _render(self, points: Tensor, mouth: Tensor, eyes: Tensor, traits: Traits) -> Tensor:
        painted: Tensor = self.network(self._maps(points, mouth, eyes), points, traits)
        return painted

    def _maps(self, points: Tensor, mouth: Tensor, eyes: Tensor) -> Tensor:
        return draw_maps(points, mouth, eyes, resolution_px=self._settings.resolution_px // 4)

    def _compare(self, painted: Tensor, wanted: Tensor) -> Tensor:
        settings, pictures = self._settings, wanted[:, :3]
        weight = wanted[:, 3:4] + settings.background + settings.features * wanted[:, 4:]
        return (
            mae(painted, pictures, weight_B1HW=weight)
            + settings.dssim * dssim(painted, pictures, weight_B1HW=weight, stride=3)
            + settings.gradient * gradient_difference(painted, pictures, weight_B1HW=weight)
        )

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
