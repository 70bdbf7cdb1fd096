"""What the analysers answer, whichever back end is at work: detections, landmark fits, and who made them."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from understudy.errors import TableError
from understudy.params import Settings

Section = TypeVar("Section", bound=Settings)
LandmarkBackend = Literal["dlib_68", "fan_68"]
Search = Literal["track", "full", "upsampled"]


class Detection(NamedTuple):
    """One face in one frame.

    box_xyxy  float64 (4,), left, top, right, bottom in frame pixels, not clipped
    score     the detector's own scale; higher is surer
    search    how it was found
    """

    box_xyxy: np.ndarray
    score: float
    search: Search


class Fit(NamedTuple):
    """Landmarks of one face: points float64 (68, 2) in frame pixels; spread relative to the outer-eye distance."""

    points: np.ndarray
    spread: float


@dataclass(frozen=True)
class Maker:
    """A back end as a table's metadata names it."""

    backend: str
    version: str
    weights_sha256: str

    def metadata(self) -> dict[str, str]:
        """Keys and values for a table's metadata."""
        return {"backend": self.backend, "backend_version": self.version, "weights_sha256": self.weights_sha256}


class Landmarker(Protocol):
    """A landmark back end."""

    maker: Maker

    def fit_boxes(self, image: np.ndarray, boxes_N4: np.ndarray) -> np.ndarray:
        """The 68 points of the face in each box, float64 (N, 68, 2), in pixels of `image` (RGB uint8)."""
        ...


def load_landmarker(backend: LandmarkBackend) -> Landmarker:
    """The landmark back end of that name. Raises AnalysisError when its weights are missing or are not the pinned."""
    made: Landmarker = importlib.import_module(f"understudy.analysers.{backend}").Landmarks()
    return made


def lineage(stage: str, settings: Settings, *, made_by: Maker | None, above: Mapping[str, str]) -> dict[str, str]:
    """A table's metadata: its back end, and under `settings.<stage>` how it and the tables above it were made.

    So that who has only the last table can look at another picture in just the same way.
    """
    inherited = {key: value for key, value in above.items() if key.startswith("settings.")}
    own = {f"settings.{stage}": settings.model_dump_json()}
    return inherited | own | (made_by.metadata() if made_by else {})


def settings_of(section: type[Section], stage: str, *, metadata: Mapping[str, str]) -> Section:
    """Those settings of a stage above that are in `section`, from a table's metadata (see lineage).

    Raises TableError when the table was made before there were such settings.
    """
    try:
        values = json.loads(metadata[f"settings.{stage}"])
        return section.model_validate({name: values[name] for name in section.model_fields})
    except (KeyError, ValueError) as error:
        message = f"a table was made with other settings of stage {stage} than there are now; run {stage} again"
        raise TableError(message) from error
