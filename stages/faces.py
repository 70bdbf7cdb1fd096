"""Where the faces are in every frame of a clip, and which of them are the same face over time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from understudy.stage import progress, run

import numpy as np
import pyarrow as pa
from pydantic import Field

from understudy.analysers.dlib_hog import Detector, SearchSettings
from understudy.analysis import Detection, lineage
from understudy.media.reader import read_frames
from understudy.tables import FACES, FRAMES, is_kept, read_table, table_of_rows, write_table
from understudy.tracks import Follower, link_tracks

NOTHING = {"face": -1, "box_xyxy": np.full(4, np.nan), "score": np.nan, "search": None, "track": -1}


class Settings(SearchSettings):
    """How faces are searched, followed and linked."""

    search_every_frames: int = Field(ge=1, le=250)
    """Whole frames are searched this often, and at every cut; in between faces are followed where they were. Lower
    finds people who come in sooner and costs time: a whole search takes 27-113 ms, following a face 10 ms."""
    min_overlap: float = Field(gt=0, lt=1)
    """Intersection over union with its last box from which a face continues a track. Lower for fast motion or low
    frame rates, higher where faces cross."""
    max_gap_frames: int = Field(ge=0, le=250)
    """How many frames a track survives without its face being found."""


def main(*, frames: Path, faces: Path, settings: Settings) -> None:
    """Find and link the faces in every frame of a clip."""
    clip = read_table(frames, FRAMES)
    detector = Detector(settings)
    found = find_faces(clip, detector=detector, search_every_frames=settings.search_every_frames)
    tracks = link_tracks(
        found,
        clip.column("scene").to_pylist(),
        min_overlap=settings.min_overlap,
        max_gap_frames=settings.max_gap_frames,
    )
    rows = list(face_rows(clip, found, tracks))
    metadata = lineage("faces", settings, made_by=detector.maker, above={})
    write_table(faces, table_of_rows(FACES, rows, metadata), FACES)


def find_faces(clip: pa.Table, *, detector: Detector, search_every_frames: int) -> list[list[Detection]]:
    """The faces of every frame of the clip; none in those that are left out."""
    found: list[list[Detection]] = [[] for _ in range(clip.num_rows)]
    scenes = clip.column("scene").to_pylist()
    follower, searched = Follower(detector), -search_every_frames
    kept = np.flatnonzero(is_kept(clip))
    for frame, image in progress(read_frames(clip, indices=kept), total=len(kept), description="faces"):
        anew = frame - searched >= search_every_frames or scenes[frame] != scenes[searched]
        searched = frame if anew else searched
        found[frame] = follower.faces_in(image, anew=anew)
    return found


def face_rows(
    clip: pa.Table, found: Sequence[Sequence[Detection]], tracks: Sequence[Sequence[int]]
) -> Iterator[dict[str, object]]:
    """A row a face, and one for every frame without any, which says why."""
    name, left_out = clip.column("clip").to_pylist(), clip.column("reason").to_pylist()
    for frame, faces in enumerate(found):
        key = {"clip": name[frame], "frame": frame}
        for index, face in enumerate(faces):
            yield key | face._asdict() | {"face": index, "track": tracks[frame][index], "reason": None}
        if not faces:
            yield key | NOTHING | {"reason": left_out[frame] or "no face found"}


if __name__ == "__main__":
    run(main)
