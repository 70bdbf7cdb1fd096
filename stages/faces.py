"""Where the faces are in every frame of a clip, and which of them are the same face over time."""

from collections.abc import Iterator, Sequence, Set
from functools import partial
from pathlib import Path

from understudy.stage import progress, run

import numpy as np
import pyarrow as pa
from pydantic import Field

from understudy.analysers.dlib_hog import Detector, SearchSettings
from understudy.analysis import Detection, lineage
from understudy.media.reader import read_frames
from understudy.pieces import Pictures, PieceFolder, open_pieces, through_frames
from understudy.sharing import Pieces
from understudy.tables import FACES, FRAMES, is_kept, join_tables, read_table, table_of_rows, write_table
from understudy.tracks import Follower, link_tracks

PIECES = Pieces(1000)  # frames, and more up to the next whole search
DETECTIONS = pa.schema(  # of a piece; boxes as the detector gives them, for tracks are linked by their overlap
    [
        ("frame", pa.int32()),
        ("box_xyxy", pa.list_(pa.float64(), 4)),
        ("score", pa.float64()),
        ("search", pa.string()),
    ]
)
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


def main(*, frames: Path, faces: Path, settings: Settings, pieces: Pieces = PIECES) -> None:
    """Find and link the faces in every frame of a clip."""
    clip = read_table(frames, FRAMES)
    detector = Detector(settings)
    made_by, inputs = detector.maker.metadata(), [frames, Path(__file__)]
    folder = open_pieces(faces, stage="faces", pieces=pieces, inputs=inputs, settings=settings, facts=made_by)
    found = find_faces(clip, folder, detector=detector, search_every_frames=settings.search_every_frames)
    if found is None:
        return
    tracks = link_tracks(
        found,
        clip.column("scene").to_pylist(),
        min_overlap=settings.min_overlap,
        max_gap_frames=settings.max_gap_frames,
    )
    rows = list(face_rows(clip, found, tracks))
    metadata = lineage("faces", settings, made_by=detector.maker, above={})
    write_table(faces, table_of_rows(FACES, rows, metadata), FACES)
    folder.drop()


def find_faces(
    clip: pa.Table, folder: PieceFolder, *, detector: Detector, search_every_frames: int
) -> list[list[Detection]] | None:
    """The faces of every frame of the clip, none in those that are left out; None when only a share was looked at."""
    stretches = cut_at_searches(clip, every_frames=search_every_frames)
    parts = join_stretches(stretches, size=folder.size)
    searched = {stretch[0] for stretch in stretches}

    def read(wanted: Sequence[int]) -> Pictures:
        return progress(read_frames(clip, indices=wanted), total=len(wanted), description="faces")

    tables = folder.gather(
        len(parts), through_frames(parts, read=read, make=partial(faces_in, detector=detector, searched=searched))
    )
    return None if tables is None else detections_of(join_tables(DETECTIONS, tables), num_frames=clip.num_rows)


def cut_at_searches(clip: pa.Table, *, every_frames: int) -> list[list[int]]:
    """The frames that are not left out, in stretches; the first of each is searched whole, and forgets those before."""
    stretches: list[list[int]] = []
    scenes = clip.column("scene").to_pylist()
    for frame in np.flatnonzero(is_kept(clip)).tolist():
        searched = stretches[-1][0] if stretches else None
        if searched is None or frame - searched >= every_frames or scenes[frame] != scenes[searched]:
            stretches.append([])
        stretches[-1].append(frame)
    return stretches


def join_stretches(stretches: Sequence[Sequence[int]], *, size: int) -> list[list[int]]:
    """Pieces of whole stretches, each of at least `size` frames but for the last."""
    parts: list[list[int]] = []
    for stretch in stretches:
        if not parts or len(parts[-1]) >= size:
            parts.append([])
        parts[-1].extend(stretch)
    return parts


def faces_in(pictures: Pictures, *, detector: Detector, searched: Set[int]) -> pa.Table:
    """The detections of a piece, whose first frame is searched whole as all of `searched` are."""
    follower, rows = Follower(detector), []
    for frame, image in pictures:
        for face in follower.faces_in(image, anew=frame in searched):
            rows.append({"frame": frame} | face._asdict() | {"box_xyxy": face.box_xyxy.tolist()})
    return pa.Table.from_pylist(rows, schema=DETECTIONS)


def detections_of(table: pa.Table, *, num_frames: int) -> list[list[Detection]]:
    """The detections of every frame, in their order."""
    found: list[list[Detection]] = [[] for _ in range(num_frames)]
    for row in table.to_pylist():
        found[row["frame"]].append(Detection(np.array(row["box_xyxy"]), row["score"], row["search"]))
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
