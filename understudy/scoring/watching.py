"""A film seen again: where its face is, its landmarks, whom it looks like and how sharp it is, frame by frame.

The analysers are handed in; they look at the film exactly as they looked at the clip.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from understudy.analysis import Landmarker
from understudy.landmarking import FitSettings, box_around, doubt, mean_fit
from understudy.scoring.pictures import gradient_energy, inner_mask
from understudy.tracks import Detector, overlap

LEAST_OVERLAP = 0.2  # with where the performance has its face; a face elsewhere is another's
LENIENCE = 2.0  # times the clip's own gates: what was just believed there may be just not believed here

NOT_DESCRIBED = np.full(128, np.nan)
SEEN = pa.schema(
    [
        ("frame", pa.int64()),
        ("points", pa.list_(pa.float64())),
        ("sharpness", pa.float64()),
        ("embedding", pa.list_(pa.float64())),
    ]
)
"""What was seen in some pictures of a film; see Seen."""

CutChip = Callable[[np.ndarray, np.ndarray], np.ndarray]
Describe = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Watched:
    """What was seen in N frames of a film, in ascending order of frames.

    frames_N        frame numbers
    points_N682     landmarks in frame pixels; NaN where no face was seen, or none that is believed
    embeddings_NK   descriptors; NaN where none was seen or it was not asked for
    sharpness_N     gradient energy inside the face; NaN where no face was seen
    is_asked_N      whether a descriptor was asked for
    """

    frames_N: np.ndarray
    points_N682: np.ndarray
    embeddings_NK: np.ndarray
    sharpness_N: np.ndarray
    is_asked_N: np.ndarray

    def at(self, frames: np.ndarray) -> "Watched":
        """Only these frames, which must all have been watched."""
        rows = np.searchsorted(self.frames_N, frames)
        parts = (self.points_N682, self.embeddings_NK, self.sharpness_N, self.is_asked_N)
        return Watched(frames, *(part[rows] for part in parts))

    def described_as(self, embeddings_NK: np.ndarray, asked: frozenset[int]) -> "Watched":
        """The same, with descriptors from elsewhere; `asked` are the frames in which they count."""
        return replace(self, embeddings_NK=embeddings_NK, is_asked_N=np.isin(self.frames_N, sorted(asked)))

    def described(self) -> np.ndarray:
        """The descriptors of the frames they were asked for, NaN where no face was seen: (M, K)."""
        return self.embeddings_NK[self.is_asked_N]


class Seen(NamedTuple):
    """What was seen in one picture.

    points     landmarks in frame pixels (136,); NaN where no face was seen, or none that is believed
    sharpness  gradient energy inside the face; NaN likewise
    embedding  its descriptor (K,); NaN likewise, and where it was not asked for
    """

    frame: int
    points: np.ndarray
    sharpness: float
    embedding: np.ndarray


@dataclass(frozen=True)
class Eyes:
    """The analysers a film is watched with: those, and the settings, that the clip's tables were made with."""

    detector: Detector
    landmarker: Landmarker
    fits: FitSettings
    cut_chip: CutChip
    describe: Describe


def look(image: np.ndarray, *, frame: int, expected: np.ndarray, is_described: bool, eyes: Eyes) -> Seen:
    """What is seen in a picture (RGB uint8) in which the performance has the 68 points `expected`.

    The face is looked for where the performance has it, then in the whole frame; `is_described` asks whose it may be.
    """
    points = face_in(image, expected, frame=frame, eyes=eyes)
    if points is None:
        return Seen(frame, np.full(136, np.nan), float("nan"), NOT_DESCRIBED)
    sharpness = gradient_energy(image, inner_mask(points, frame_px=image.shape[1::-1]))
    embedding = eyes.describe(eyes.cut_chip(image, points)).astype(float) if is_described else NOT_DESCRIBED
    return Seen(frame, points.ravel(), float(sharpness), embedding)


def gather(tables: Sequence[pa.Table], *, described: frozenset[int]) -> Watched:
    """All that was seen in a film, from tables of SEEN in order of frames; `described` are the frames of which
    descriptors were asked.
    """
    seen = pa.concat_tables([SEEN.empty_table(), *tables])
    frames = seen.column("frame").to_numpy()
    points, embeddings = (
        seen.column(name).combine_chunks().flatten().to_numpy(zero_copy_only=False) for name in ("points", "embedding")
    )
    return Watched(
        frames,
        points.reshape(-1, 68, 2),
        embeddings.reshape(len(frames), -1) if len(frames) else NOT_DESCRIBED[:0].reshape(0, len(NOT_DESCRIBED)),
        seen.column("sharpness").to_numpy(),
        np.isin(frames, sorted(described)),
    )


def face_in(image: np.ndarray, expected: np.ndarray, *, frame: int, eyes: Eyes) -> np.ndarray | None:
    """The landmarks (68, 2) of the face that is where `expected` has one; None when none is seen or believed.

    That a face is there is for the detector to say; fitted is a box around `expected`, the same for all films of a
    moment. Detectors' boxes come in few sizes and flip between them: fits on those tremble twice as much.
    """
    box = box_around(expected)
    candidates = eyes.detector.follow(image, box) or eyes.detector.search(image)
    found = max(candidates, key=lambda face: overlap(face.box_xyxy, box), default=None)
    if found is None or overlap(found.box_xyxy, box) < LEAST_OVERLAP:
        return None
    fit = mean_fit(image, box, landmarker=eyes.landmarker, settings=eyes.fits, stream="scores", step=frame)
    frame_px = (image.shape[1], image.shape[0])
    return fit.points if doubt(fit, score=found.score, frame_px=frame_px, settings=lenient(eyes.fits)) is None else None


def lenient(fits: FitSettings) -> FitSettings:
    """These settings with wider gates on the spread: the clip's faces were chosen by the narrow ones, a shot's not."""
    gates = {"max_spread": fits.max_spread * LENIENCE, "max_spread_unsure": fits.max_spread_unsure * LENIENCE}
    return fits.model_copy(update=gates)
