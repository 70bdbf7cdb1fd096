"""Where a cut begins a new scene."""

from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np

WIDTH, HEIGHT = 40, 24
BLOCK, SEARCH = 8, 6
FLASH_FRAMES = 4
NEIGHBOURS = 8
CONTRAST = 2.0
"""How many times the median of its neighbours a cut must be; continuous commotion is not a row of cuts."""
NOISE = 12.0
"""Variance up to which a block counts as flat, in squared 8-bit codes."""
COLOR_SPAN = 80.0
"""Change of a block's mean colour that counts as a whole change, in 8-bit codes."""


@dataclass(frozen=True)
class Thumbnail:
    """What is remembered of a frame: RGB float32 (24, 40, 3) in 8-bit codes, and the frame's own shape."""

    pixels: np.ndarray
    shape: tuple[int, ...]

    @property
    def luma(self) -> np.ndarray:
        """Luma, float32 (24, 40)."""
        return self.pixels @ np.array([0.299, 0.587, 0.114], np.float32)


@dataclass
class _Candidate:
    frame: int
    thumbnails: list[Thumbnail]
    num_before: int


@dataclass
class SceneDetector:
    """Numbers the scenes of a clip whose frames are given one after another; memory does not grow with pixels.

    Each block of one frame is sought around its place in the other, so that movement, even fast, explains itself; what
    remains is change. A cut is a change of at least `threshold` (0-1) that stands out from its neighbours and stays:
    when a frame shortly after resembles one shortly before, it was a flash. Dissolves are not cuts.
    """

    threshold: float
    _recent: deque[Thumbnail] = field(default_factory=lambda: deque(maxlen=FLASH_FRAMES + 1))
    _changes: list[float] = field(default_factory=list)
    _open: list[_Candidate] = field(default_factory=list)
    _lasting: list[int] = field(default_factory=list)

    def add(self, image: np.ndarray) -> None:
        """Take in the next frame, RGB uint8 (H, W, 3)."""
        thumbnail = make_thumbnail(image)
        change = change_between(self._recent[-1], thumbnail) if self._recent else 0.0
        for candidate in self._open:
            candidate.thumbnails.append(thumbnail)
        if change >= self.threshold:
            self._open.append(_Candidate(len(self._changes), [*self._recent, thumbnail], len(self._recent)))
        self._changes.append(change)
        self._recent.append(thumbnail)
        self._settle(FLASH_FRAMES + 1)

    def scenes(self) -> list[int]:
        """The scene number of every frame given so far, from 0."""
        self._settle(0)
        starts = {frame for frame in self._lasting if self._stands_out(frame)}
        return list(np.cumsum([index in starts for index in range(len(self._changes))], dtype=int).tolist())

    def _settle(self, patience: int) -> None:
        ready = [candidate for candidate in self._open if len(candidate.thumbnails) - candidate.num_before >= patience]
        for candidate in ready:
            self._open.remove(candidate)
            if self._lasts(candidate):
                self._lasting.append(candidate.frame)

    def _lasts(self, candidate: _Candidate) -> bool:
        frames, first = candidate.thumbnails, candidate.num_before
        return all(
            change_between(frames[before], frames[after]) >= self.threshold
            for before in range(first)
            for after in range(first, min(len(frames), before + FLASH_FRAMES + 2))
        )

    def _stands_out(self, frame: int) -> bool:
        around = self._changes[max(1, frame - NEIGHBOURS) : frame] + self._changes[frame + 1 : frame + 1 + NEIGHBOURS]
        return not around or self._changes[frame] >= CONTRAST * float(np.median(around))


def make_thumbnail(image: np.ndarray) -> Thumbnail:
    """The area-averaged thumbnail of an RGB uint8 (H, W, 3) frame."""
    small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return Thumbnail(small.astype(np.float32), image.shape)


def change_between(before: Thumbnail, after: Thumbnail) -> float:
    """How much of `after` cannot be found in `before`, 0 (all of it is there) to 1; 1 for frames of unequal size."""
    if before.shape != after.shape:
        return 1.0
    structure = max(_unexplained(before.luma, after.luma), _unexplained(after.luma, before.luma))
    return min(1.0, structure + 0.5 * _color_change(before, after))


def _unexplained(origin: np.ndarray, wanted: np.ndarray) -> float:
    """The share of `wanted`'s block variance that no shifted block of `origin` accounts for."""
    padded = np.pad(origin, SEARCH, mode="edge")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (BLOCK, BLOCK))
    missing = total = 0.0
    for top in range(0, HEIGHT, BLOCK):
        for left in range(0, WIDTH, BLOCK):
            block = wanted[top : top + BLOCK, left : left + BLOCK]
            near = patches[top : top + 2 * SEARCH + 1, left : left + 2 * SEARCH + 1].reshape(-1, BLOCK * BLOCK)
            missing_here, total_here = _best_match(block.reshape(-1), near)
            missing, total = missing + missing_here, total + total_here
    return missing / total


def _best_match(block: np.ndarray, near: np.ndarray) -> tuple[float, float]:
    centred = block - block.mean()
    others = near - near.mean(axis=1, keepdims=True)
    errors = ((others - centred) ** 2).mean(axis=1)
    variances = (others**2).mean(axis=1)
    best = int(np.argmin(errors))
    return float(errors[best]), float(variances[best] + (centred**2).mean() + 2 * NOISE)


def _color_change(before: Thumbnail, after: Thumbnail) -> float:
    difference = np.abs(_block_colors(before.pixels) - _block_colors(after.pixels)).mean()
    return min(1.0, float(difference) / COLOR_SPAN)


def _block_colors(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK, 3).mean(axis=(1, 3))
