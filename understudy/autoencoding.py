"""How every autoencoder of two people is trained, measured and made to paint; a model file brings the network.

A network rebuilds both people's faces from warped pictures; painting rebuilds the target as the source. Inputs and
what is wanted are read at the same positions, and only inputs are warped.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Literal, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from understudy.blocks.norms import measure_populations
from understudy.blocks.starts import Initialiser, start_weights
from understudy.errors import ModelError
from understudy.facesets import FaceSet
from understudy.facestore import COVERAGE, MASK, RGB, FaceStore, store_faces
from understudy.geometry import CROP_COVERAGE, apply_affine, invert_affine, resize_crop
from understudy.judging import ChosenCritic, FaceCritic, make_critic, see
from understudy.lossmix import Term, mixture
from understudy.measures import rebuilt as measure
from understudy.model import CRITICS, Column, Painted
from understudy.networks import SIDES, FaceNetwork, Rebuilt, Side
from understudy.params import Settings
from understudy.phases import Phase, phase_at
from understudy.precision import in_full
from understudy.randomness import derived_seed, torch_generator
from understudy.variation import Augmentation, Batch, Draw

POPULATION = 64  # training faces of each person that batch norms are measured with
AT_ONCE = 16  # faces a forward pass when nothing is learnt


class AutoencoderPhase(Phase):
    """A stretch of an autoencoder's training."""

    warp: bool = True
    """Whether inputs are warped; without, the last details are learnt."""
    losses: tuple[Term, ...] | None = None
    """In place of the model's losses."""
    augmentation: Augmentation | None = None
    """In place of the model's augmentation."""


AFTER = AutoencoderPhase(until=2**62)


class AutoencoderSettings(Settings):
    """What every autoencoder lets one choose."""

    batch: int = Field(ge=1, le=1024)
    """Faces of each person in a step; more is steadier and dearer. Must be a multiple of swapper.parts."""
    learning_rate: float = Field(gt=0, le=0.1)
    """Highest learning rate of the schedule. Large nets want 5e-5, tiny ones 2e-3."""
    losses: tuple[Term, ...]
    """What is made small, a list: `{loss: dssim, weight: 0.5}`."""
    critics: tuple[ChosenCritic, ...] = ()
    """Networks that learn beside it to tell painted faces from real ones: `{critic: patch_unet, weight: 0.1}`."""
    background: float = Field(default=0.15, gt=0, le=1)
    """Weight of pixels outside the face, where it is 1 inside; low keeps the capacity for the face."""
    learn_mask: bool = False
    """Whether the network has a branch that learns the face's mask; `losses` must then name one that is `of: mask`."""
    alpha: Literal["hull", "learned", "both"] = "hull"
    """What is painted: the landmarks' hull, the learned mask, or where both agree."""
    morph: float = Field(default=1.0, ge=0, le=1)
    """Share of the source's likeness in what is painted, of models that can morph."""
    initialiser: Initialiser = "own"
    """How convolutions start; "own" is as the model's origin has it."""
    icnr: bool = False
    """Whether sub-pixel layers start equal within a block of pixels, so that no checkerboard must be unlearnt."""
    augmentation: Augmentation = Augmentation()
    """How training pictures are varied."""
    phases: tuple[AutoencoderPhase, ...] = ()
    """Stretches of the training that differ from the rest, in order."""

    @model_validator(mode="after")
    def _phases_in_order(self) -> Self:
        ends = [phase.until for phase in self.phases]
        for before, end in pairwise(ends):
            if end <= before:
                raise ValueError(f"phases: one until step {end} comes after one until {before}; put them in order")
        return self

    @model_validator(mode="after")
    def _learns_its_mask(self) -> Self:
        for losses in (self.losses, *(phase.losses for phase in self.phases if phase.losses is not None)):
            if self.learn_mask != any(term.of == "mask" for term in losses):
                raise ValueError("learn_mask goes with a loss of the mask, {loss: mae, of: mask, where: picture}")
        return self


class Autoencoder:
    """Everything of an autoencoder's model but its network; see understudy.model.FaceModel."""

    needs: frozenset[Column] = frozenset({"pixels", "mask", "points"})
    learns_from: frozenset[Side] = frozenset(SIDES)

    def __init__(self, network: FaceNetwork, settings: AutoencoderSettings, *, seed: int, device: torch.device) -> None:
        start_weights(network, seed=seed, initialiser=settings.initialiser, icnr=settings.icnr)
        self.network = network.to(device)
        self.batch, self.learning_rate = settings.batch, settings.learning_rate
        self.painted_px = network.outputs_px[-1]
        self._settings, self._seed, self._device = settings, seed, device
        self.critics = self._critics().to(device) if settings.critics else None
        self._training: dict[str, FaceStore] = {}
        self._validation: dict[str, FaceStore] = {}

    def begin(self, source: FaceSet, target: FaceSet) -> None:
        """Take both people's training and validation faces in. Raises ModelError when a split is empty."""
        for side, faces in zip(SIDES, (source, target), strict=True):
            for split, stores in (("train", self._training), ("validation", self._validation)):
                chosen = faces.split(split)
                if not len(chosen):
                    raise ModelError(f"{faces.person}: no faces in the {split} split; give the clip more kept faces")
                stores[side] = self._store(chosen)

    def mean_face(self, side: Side) -> Tensor:
        """The mean of a person's training pictures at the output's resolution: (3, P, P)."""
        return self._training[side].mean(self.network.outputs_px[-1])

    def parameter_groups(self) -> list[dict[str, object]]:
        """All weights; biases and other vectors do not decay."""
        parameters = list(self.network.parameters())
        return [
            {"params": [each for each in parameters if each.ndim > 1]},
            {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
        ]

    def losses(self, *, step: int, part: int, faces: int) -> Mapping[str, Tensor]:
        """The mixture of losses of both people's rebuilt faces."""
        phase = self._phase(step)
        with in_full(self._device):
            batches: dict[str, Batch] = {side: self.drawn(side, step=step, part=part, faces=faces) for side in SIDES}
        inputs = {side: batch.inputs for side, batch in batches.items()}
        generator = torch_generator(self._seed, f"chance {part}", step)
        learnt = self.network.learn(inputs, generator=generator)
        made = {side: each.widened() for side, each in learnt.items()}
        with in_full(self._device):
            losses: dict[str, Tensor] = {
                side: self._compare(made[side], batches[side].wanted, phase.losses) for side in SIDES
            }
        return {**losses, **self._judged(made, batches, phase, generator)}

    def _judged(
        self,
        made: Mapping[str, Rebuilt],
        batches: Mapping[str, Batch],
        phase: AutoencoderPhase,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """What the critics add to the painter's losses, and their own."""
        if self.critics is None or not phase.critics:
            return {}
        seen = {side: see(made[side], inputs=batch.inputs, wanted=batch.wanted) for side, batch in batches.items()}
        detached = {side: each.detached() for side, each in seen.items()}
        critics = [critic for critic in self.critics.values() if isinstance(critic, FaceCritic)]
        painter = [critic.painter_loss(seen, generator=generator) for critic in critics]
        own = [critic.critic_loss(detached, generator=generator) for critic in critics]
        return {"adversarial": phase.critics * torch.stack(painter).sum(), CRITICS: torch.stack(own).sum()}

    def drawn_names(self, *, step: int, part: int, faces: int) -> Sequence[str]:
        """Which faces one part of a step's batch holds: "source ada 17"."""
        draws = {side: self._draw(side, step=step, part=part, faces=faces) for side in SIDES}
        return [f"{side} {name}" for side, draw in draws.items() for name in draw.names]

    def drawn(self, side: Side, *, step: int, part: int, faces: int) -> Batch:
        """What one part of a step's batch is given of one person."""
        network = self.network
        draw = self._draw(side, step=step, part=part, faces=faces)
        return draw.batch(input_px=network.input_px, outputs_px=network.outputs_px)

    def phases(self) -> Sequence[Phase]:
        """How training differs over its steps."""
        return self._settings.phases

    def start_anew(self, parts: Sequence[str], *, seed: int) -> None:
        """Other random weights for the parts of the network so named, drawn as at first."""
        settings = self._settings
        start_weights(self.network, seed=seed, initialiser=settings.initialiser, icnr=settings.icnr, only=parts)

    def measure_populations(self) -> None:
        """Give the network's batch norms, where it has any, what they paint with: moments of the training faces."""
        batches = []
        for side in SIDES:
            store = self._training[side]
            evenly = torch.arange(0, len(store), max(1, -(-len(store) // POPULATION)))
            inputs = store.centred(evenly, self.network.input_px, parts=RGB)
            batches += [(side, inputs[start : start + AT_ONCE]) for start in range(0, len(inputs), AT_ONCE)]
        measure_populations(self.network, batches)

    @torch.no_grad()
    def validation(self) -> Mapping[str, float]:
        """Loss, PSNR and SSIM of the validation faces, rebuilt without augmentation."""
        measures: dict[str, float] = {}
        for side in SIDES:
            store = self._validation[side]
            wanted = {px: store.centred(slice(None), px) for px in self.network.outputs_px}
            made = self._in_chunks(store, partial(self.network, person=side))
            face = wanted[self.network.outputs_px[-1]]
            psnr_db, ssim = measure(made.pictures[-1], face[:, RGB], mask_N1HW=face[:, MASK])
            loss = float(self._compare(made, wanted))
            measures |= {f"loss_{side}": loss, f"psnr_db_{side}": psnr_db, f"ssim_{side}": ssim}
        return measures

    @torch.no_grad()
    def paint(self, faces: FaceSet) -> Painted:
        """Target faces with the source's likeness; landmarks and outline stay where they are."""
        size = self.network.outputs_px[-1]
        crops = np.asarray([_patch_crop(crop, size, faces.side_px) for crop in faces.crop_from_frame_N23]).reshape(
            -1, 2, 3
        )
        points = [
            apply_affine(invert_affine(crop.astype(float)), face.astype(float))
            for crop, face in zip(faces.crop_from_frame_N23, faces.points_N2, strict=True)
        ]
        patches = np.zeros((0, size, size, 3), np.uint8)
        alpha = np.zeros((0, size, size), np.uint8)
        if len(faces):
            made, hulls = self._painted(self._store(faces))
            patches = (made.pictures[-1] * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
            alpha = (self._alpha(made, hulls)[:, 0] * 255).round().byte().cpu().numpy()
        nowhere = [np.zeros((0, 2))] * len(faces)
        moved = np.asarray(points, np.float32).reshape(-1, 68, 2)
        return Painted(patches, alpha, crops.astype(np.float32), moved, nowhere, nowhere)

    def _critics(self) -> torch.nn.ModuleDict:
        seeds = {
            each.critic: derived_seed(self._seed, "critic", index) for index, each in enumerate(self._settings.critics)
        }
        return torch.nn.ModuleDict(
            {
                each.critic: make_critic(each.critic, each.settings, network=self.network, seed=seeds[each.critic])
                for each in self._settings.critics
            }
        )

    def _draw(self, side: Side, *, step: int, part: int, faces: int) -> Draw:
        phase, other = self._phase(step), SIDES[side == "source"]
        return Draw(
            self._training[side],
            self._training[other],
            phase.augmentation or self._settings.augmentation,
            phase.warp,
            seed=self._seed,
            stream=side,
            step=step,
            part=part,
            parts=self.batch // faces,
            number=faces,
        )

    def _phase(self, step: int) -> AutoencoderPhase:
        return phase_at(self._settings.phases, step, after=AFTER)

    def _painted(self, store: FaceStore) -> tuple[Rebuilt, Tensor]:
        swap = partial(self.network.swap, source="source", target="target", morph=self._settings.morph)
        made = self._in_chunks(store, swap)
        return made, store.centred(slice(None), self.network.outputs_px[-1], parts=MASK)

    def _alpha(self, made: Rebuilt, hulls: Tensor) -> Tensor:
        if self._settings.alpha == "hull" or made.mask is None:
            return hulls
        return made.mask if self._settings.alpha == "learned" else made.mask * hulls

    def _compare(self, made: Rebuilt, wanted: Mapping[int, Tensor], terms: tuple[Term, ...] | None = None) -> Tensor:
        chosen = self._settings.losses if terms is None else terms
        return mixture(made, wanted, chosen, background=self._settings.background)

    def _in_chunks(self, store: FaceStore, make: Callable[[Tensor], Rebuilt]) -> Rebuilt:
        inputs = store.centred(slice(None), self.network.input_px, parts=RGB)
        made = [make(inputs[start : start + AT_ONCE]) for start in range(0, len(inputs), AT_ONCE)]
        pictures = tuple(torch.cat(each) for each in zip(*(one.pictures for one in made), strict=True))
        masks = [one.mask for one in made if one.mask is not None]
        return Rebuilt(pictures, torch.cat(masks) if masks else None)

    def _store(self, faces: FaceSet) -> FaceStore:
        sides = sorted({self.network.input_px, *self.network.outputs_px})
        return store_faces(faces, sides=sides, device=self._device)


def _patch_crop(crop_from_frame: np.ndarray, resolution_px: int, from_px: int) -> np.ndarray:
    return resize_crop(
        crop_from_frame.astype(float),
        resolution_px=resolution_px,
        coverage=COVERAGE,
        from_resolution_px=from_px,
        from_coverage=CROP_COVERAGE,
    )
