"""Tables of cartoon faces, as the stages above the swapper would write them."""

from pathlib import Path

import cv2
import numpy as np

from stages.frames import main as make_frames
from tests.media.drawn_clips import frames_settings
from tests.models.cartoons import cartoon_faces, cartoon_points, draw_cartoon
from understudy.driven.steady import frame_points
from understudy.geometry import estimate_pose
from understudy.images import encode_png
from understudy.tables import CROPS, FRAMES, IDENTITIES, LANDMARKS, read_table, table_of_rows, write_table


def write_crops(path: Path, person: str, *, number: int, seed: int = 0, side_px: int = 256) -> Path:
    """The crops table of a cartoon person."""
    faces = cartoon_faces(person, number=number, seed=seed, side_px=side_px)
    rows = [
        {
            "clip": person,
            "frame": faces.frames[index],
            "face": 0,
            "split": faces.splits[index],
            "pixels": encode_png(faces.pixels_NHWC[index]),
            "mask": encode_png(faces.mask_NHW[index]),
            "crop_from_frame": faces.crop_from_frame_N23[index].ravel(),
            "points": points.ravel(),
            "yaw_deg": faces.pose_N3[index][0],
            "pitch_deg": 0.0,
            "roll_deg": 0.0,
            "spread": 0.005,
            "sharpness": 1.0,
            "reason": None,
        }
        for index, points in enumerate(frame_points(faces))
    ]
    write_table(path, table_of_rows(CROPS, rows), CROPS)
    return path


def write_clip_of(person: str, folder: Path, *, people: list[str | None], reasons: dict[int, str]) -> dict[str, Path]:
    """Frames, landmarks and identities of a clip of stills with one cartoon face a frame, named as in `people`.

    Frames of `reasons` have landmarks that were rejected; of "no face found", none.
    """
    footage = folder / "data/raw/clip"
    footage.mkdir(parents=True)
    fits, names = [], []
    for frame, name in enumerate(people):
        points = cartoon_points(person, yaw_deg=3.0 * frame, mouth=0.03 * frame, lids=1.0)
        picture = draw_cartoon(person, points)
        cv2.imwrite(str(footage / f"{frame:03d}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        fits.append(_fit(frame, points, reasons.get(frame)))
        names.append(_identity(frame, name))
    paths = {name: folder / f"tables/{name}.parquet" for name in ("frames", "landmarks", "identities")}
    make_frames(footage=footage, frames=paths["frames"], settings=frames_settings())
    clip = read_table(paths["frames"], FRAMES).column("clip")[0].as_py()
    for table, rows, schema in (("landmarks", fits, LANDMARKS), ("identities", names, IDENTITIES)):
        write_table(paths[table], table_of_rows(schema, [row | {"clip": clip} for row in rows]), schema)
    return paths


def _fit(frame: int, points: np.ndarray, reason: str | None) -> dict[str, object]:
    is_absent = reason == "no face found"
    return {
        "frame": frame,
        "face": -1 if is_absent else 0,
        "track": -1 if is_absent else 0,
        "points": np.full(136, np.nan) if is_absent else points.ravel(),
        "spread": 0.005,
        "yaw_deg": estimate_pose(points).yaw_deg,
        "pitch_deg": 0.0,
        "roll_deg": 0.0,
        "sharpness": 1.0,
        "eye_distance_px": 60.0,
        "inside": 1.0,
        "crop_from_frame": np.full(6, np.nan),
        "reason": reason,
    }


def _identity(frame: int, person: str | None) -> dict[str, object]:
    return {
        "frame": frame,
        "face": 0,
        "cluster": 0 if person else -1,
        "probability": 1.0,
        "outlier_score": 0.0,
        "centroid_distance": 0.1,
        "step": "hdbscan",
        "person": person,
        "person_distance": 0.2,
    }
