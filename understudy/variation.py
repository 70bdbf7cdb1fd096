"""How training faces are varied: which are picked, where they are read, and what becomes of their colours.

Everything is drawn from generators named after (side, part, what is drawn) and the step, so any batch can be drawn
again, and one more kind of variation changes no other's draws.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple

import torch
from pydantic import ConfigDict, Field, model_validator
from torch import Tensor

from understudy.augmentations import affine, color_match, flip, warp, warp_cells, warp_to_neighbour
from understudy.chance import Drawn
from understudy.errors import SettingsError
from understudy.facestore import RGB, FaceStore
from understudy.params import Settings
from understudy.picks import pick_evenly_by_yaw, pick_shuffled, pick_uniform
from understudy.randomness import torch_generator
from understudy.sampling import grid_positions

AUGMENTATIONS = Path(__file__).with_name("augmentations")
OTHERS = 8  # faces of the other person whose colours a batch may take on


class Change(Settings):
    """One change of colours, sharpness or noise; its strengths stand beside its name."""

    model_config = ConfigDict(extra="allow")

    augmentation: str
    """A file of understudy/augmentations/ that changes pictures; `share` and its strengths: see its Settings."""

    @model_validator(mode="after")
    def _is_known(self) -> "Change":
        settings = self.module.Settings.model_validate(self.model_extra)
        assert isinstance(settings, Settings)
        return self

    @property
    def module(self) -> ModuleType:
        """The augmentation. Raises SettingsError when there is none of that name."""
        found = None
        if self.augmentation.isidentifier() and (AUGMENTATIONS / f"{self.augmentation}.py").is_file():
            found = importlib.import_module(f"understudy.augmentations.{self.augmentation}")
        if found is None or not hasattr(found, "Settings"):
            raise SettingsError(f"params.yaml: augmentation: no change of pictures {self.augmentation!r}; {_known()}")
        return found


def _known() -> str:
    files = sorted(AUGMENTATIONS.glob("[!_]*.py"))
    return f"available: {', '.join(file.stem for file in files if 'class Settings' in file.read_text())}"


class Augmentation(Settings):
    """How training pictures are varied."""

    pick: Literal["uniform", "evenly_by_yaw", "shuffled"] = "uniform"
    """How faces are picked: each as likely; turned ones as often as frontal ones; or none again before all were."""
    rotation_deg: float = Field(default=10, ge=0, le=45)
    """Turns are within plus or minus this. Small sets of steady footage learn better with 3 than with 10."""
    zoom: float = Field(default=0.05, ge=0, le=0.2)
    """Scales are within 1 plus or minus this."""
    shift: float = Field(default=0.05, ge=0, le=0.12)
    """Shifts are within plus or minus this share of the crop's side."""
    flip: float = Field(default=0.5, ge=0, le=1)
    """Share of mirrored faces; 0 keeps moles, partings and light where they are."""
    flip_target: float | None = Field(default=None, ge=0, le=1)
    """The same of the target's faces, where it is another share; as `flip` when unset."""
    warp: float = Field(default=0.02, ge=0, le=0.2)
    """Standard deviation of the input's warp, as a share of the side; more makes the code more forgetful of shape."""
    cells: float = Field(default=0.0, ge=0, le=0.45)
    """The input's warp by cells of a half, a quarter or an eighth of the side, in cells at most; DeepFaceLab's is 0.24,
    with `warp` 0."""
    neighbours: float = Field(default=0.0, ge=0, le=1)
    """How far inputs are bent to the shape of a similar face of the other person; 1 is all the way."""
    neighbour_noise: float = Field(default=0.008, ge=0, le=0.05)
    """Deviation of each landmark of such a shape, in sides."""
    both: tuple[Change, ...] = ()
    """Changes of inputs and of what is wanted alike, in order: light and colour that the decoder is to learn."""
    inputs: tuple[Change, ...] = ()
    """Changes of inputs alone, in order: what the network is to see through."""


class Batch(NamedTuple):
    """What a network is given and what it should make of it.

    inputs    RGB 0–1, (B, 3, I, I), varied and warped
    wanted    by side P of each output: (B, 6, P, P), RGB, mask, eyes, mouth, varied but not warped
    names     "clip frame" of each face
    """

    inputs: Tensor
    wanted: dict[int, Tensor]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Draw:
    """One part of a step's batch of a person: `number` faces of `parts` times as many.

    `others` are the other person's faces, from whom colours and shapes may be taken.
    """

    store: FaceStore
    others: FaceStore
    ranges: Augmentation
    is_warped: bool
    seed: int
    stream: str
    step: int
    part: int
    parts: int
    number: int

    def batch(self, *, input_px: int, outputs_px: Sequence[int]) -> Batch:
        """The faces, varied: inputs and wanted are read at the same positions, and only inputs are warped."""
        chosen = self._picked.to(self.store.yaw_N.device)
        wanted = {side: self.store.read(chosen, self._places(side)) for side in outputs_px}
        inputs = self.store.read(chosen, self._bent(self._places(input_px)), parts=RGB)
        for index, change in enumerate(self.ranges.both):
            drawn = self._drawn(change, f"both {index}")
            inputs = self._changed(change, drawn, inputs)
            for made in wanted.values():
                made[:, RGB] = self._changed(change, drawn, made[:, RGB])
        for index, change in enumerate(self.ranges.inputs):
            inputs = self._changed(change, self._drawn(change, f"inputs {index}"), inputs)
        return Batch(inputs, wanted, self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Which faces are picked."""
        return tuple(self.store.names[index] for index in self._picked.tolist())

    @cached_property
    def _picked(self) -> Tensor:
        pick = {
            "uniform": partial(pick_uniform, len(self.store)),
            "evenly_by_yaw": partial(pick_evenly_by_yaw, self.store.yaw_N.cpu()),
            "shuffled": partial(pick_shuffled, len(self.store), parts=self.parts),
        }[self.ranges.pick]
        return pick(seed=self.seed, stream=f"{self.stream} faces", step=self.step, part=self.part, number=self.number)

    @cached_property
    def _mirror(self) -> flip.Flip:
        alone = self.ranges.flip_target if self.stream == "target" else None
        share = self.ranges.flip if alone is None else alone
        return flip.sample(self._generator("flip"), number=self.number, share=share)

    @cached_property
    def _move(self) -> affine.Affine:
        ranges = self.ranges
        amounts = {"rotation_deg": ranges.rotation_deg, "zoom": ranges.zoom, "shift": ranges.shift}
        return affine.sample(self._generator("affine"), number=self.number, **amounts)

    def _places(self, side: int) -> Tensor:
        grid = grid_positions(side).to(self._device).expand(self.number, -1, -1, -1)
        return affine.apply(self._move.to(self._device), flip.apply(self._mirror.to(self._device), grid))

    def _bent(self, places: Tensor) -> Tensor:
        """Where inputs are read: the same places, displaced."""
        ranges, number = self.ranges, self.number
        if not self.is_warped:
            return places
        if ranges.warp:
            nodes = warp.sample(self._generator("warp"), number=number, strength=ranges.warp)
            places = warp.apply(nodes.to(self._device), places)
        if ranges.cells:
            cells = warp_cells.sample(self._generator("cells"), number=number, strength=ranges.cells)
            places = warp_cells.apply(cells.to(self._device), places)
        if ranges.neighbours:
            places = warp_to_neighbour.apply(self._neighbours().to(self._device), places)
        return places

    def _neighbours(self) -> warp_to_neighbour.WarpToNeighbour:
        nearest = self.store.nearest(self.others)[self._picked]
        return warp_to_neighbour.sample(
            self._generator("neighbours"),
            number=self.number,
            points_BP2=self.store.points_N682.cpu()[self._picked],
            neighbours_BKP2=self.others.points_N682.cpu()[nearest],
            strength=self.ranges.neighbours,
            noise=self.ranges.neighbour_noise,
        )

    def _drawn(self, change: Change, place: str) -> Drawn:
        generator = self._generator(f"{place} {change.augmentation}")
        return change.module.sample(generator, number=self.number, **(change.model_extra or {})).to(self._device)

    def _changed(self, change: Change, drawn: Drawn, pictures: Tensor) -> Tensor:
        if isinstance(drawn, color_match.ColorMatch):
            return color_match.apply(drawn, pictures, self._colours)
        return change.module.apply(drawn, pictures)

    @cached_property
    def _colours(self) -> Tensor:
        """Some of the other person's faces, as small as they come."""
        picked = torch.randint(len(self.others), (OTHERS,), generator=self._generator("others' colours"))
        side = min(self.others.pictures)
        return self.others.centred(picked.to(self._device), side, parts=RGB)

    @property
    def _device(self) -> torch.device:
        return self.store.yaw_N.device

    def _generator(self, what: str) -> torch.Generator:
        return torch_generator(self.seed, f"{self.stream} {what} {self.part}", self.step)
