"""The 68 landmarks of every face, how sure they are, the head's pose, and the transform into the canonical crop."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.stage import progress, run

import numpy as np
import pyarrow as pa

from understudy.analysis import Landmarker, lineage, load_landmarker
from understudy.geometry import estimate_pose, eye_distance, fit_crop
from understudy.landmarking import FitSettings, doubt, share_inside, sharpness, sure_fit
from understudy.media.reader import read_frames
from understudy.pieces import Pictures, PieceFolder, cut_evenly, open_pieces, through_frames
from understudy.sharing import Pieces
from understudy.tables import (
    FACES,
    FRAMES,
    LANDMARKS,
    join_tables,
    metadata_of,
    read_table,
    table_of_rows,
    write_table,
)

PIECES = Pieces(500)  # frames with faces
Row = dict[str, Any]  # one face: values of several kinds by column name
NOTHING = {
    "points": np.full(136, np.nan),
    "crop_from_frame": np.full(6, np.nan),
    **dict.fromkeys(("spread", "yaw_deg", "pitch_deg", "roll_deg", "sharpness", "eye_distance_px", "inside"), np.nan),
}


class Settings(FitSettings):
    """How faces are fitted, by which back end, and which fits are believed."""


def main(*, frames: Path, faces: Path, landmarks: Path, settings: Settings, pieces: Pieces = PIECES) -> None:
    """Fit landmarks to every face of a clip."""
    clip = read_table(frames, FRAMES)
    found = read_table(faces, FACES)
    detections = found.to_pylist()
    landmarker = load_landmarker(settings.backend)
    made_by, inputs = landmarker.maker.metadata(), [frames, faces, Path(__file__)]
    folder = open_pieces(landmarks, stage="landmarks", pieces=pieces, inputs=inputs, settings=settings, facts=made_by)
    tables = fit_faces(clip, detections, folder, landmarker=landmarker, settings=settings)
    if tables is None:
        return
    unseen = [dict(face) | NOTHING for face in detections if face["reason"]]
    metadata = lineage("landmarks", settings, made_by=landmarker.maker, above=metadata_of(found))
    table = join_tables(LANDMARKS, [*tables, table_of_rows(LANDMARKS, unseen)], metadata)
    write_table(landmarks, table, LANDMARKS)
    folder.drop()


def fit_faces(
    clip: pa.Table, detections: Sequence[Row], folder: PieceFolder, *, landmarker: Landmarker, settings: Settings
) -> list[pa.Table] | None:
    """A row for every face that was found, with the reason if it is not believed; None when only a share was fitted."""
    faces: dict[int, list[Row]] = {}
    for face in detections:
        if not face["reason"]:
            faces.setdefault(face["frame"], []).append(face)

    def read(wanted: Sequence[int]) -> Pictures:
        return progress(read_frames(clip, indices=wanted), total=len(wanted), description="landmarks")

    def fitted(pictures: Pictures) -> pa.Table:
        rows = [
            fitted_row(image, face, landmarker=landmarker, settings=settings)
            for frame, image in pictures
            for face in faces[frame]
        ]
        return table_of_rows(LANDMARKS, rows)

    parts = cut_evenly(sorted(faces), size=folder.size)
    return folder.gather(len(parts), through_frames(parts, read=read, make=fitted))


def fitted_row(image: np.ndarray, face: Row, *, landmarker: Landmarker, settings: Settings) -> Row:
    """The row of one face of a frame."""
    frame_px = (image.shape[1], image.shape[0])
    fit = sure_fit(
        image,
        np.asarray(face["box_xyxy"], float),
        score=face["score"],
        landmarker=landmarker,
        settings=settings,
        stream=f"landmarks {face['clip']} {face['face']}",
        step=face["frame"],
    )
    pose = estimate_pose(fit.points)
    reason = doubt(fit, score=face["score"], frame_px=frame_px, settings=settings)
    return face | {
        "points": fit.points.ravel(),
        "spread": fit.spread,
        "yaw_deg": pose.yaw_deg,
        "pitch_deg": pose.pitch_deg,
        "roll_deg": pose.roll_deg,
        "sharpness": sharpness(image, fit.points),
        "eye_distance_px": float(eye_distance(fit.points)),
        "inside": share_inside(fit.points, frame_px=frame_px),
        "crop_from_frame": fit_crop(fit.points).ravel(),
        "reason": reason,
    }


if __name__ == "__main__":
    run(main)
