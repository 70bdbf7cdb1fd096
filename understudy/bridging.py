"""Faces between two sure ones: where landmarks fail for a moment on a track, the points on either side bridge it."""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from understudy.tables import points_of

FaceKey = tuple[int, int]  # frame, face


class Tracked(NamedTuple):
    """One face of one track: its key, its (68, 2) points, and whether it is surely the person looked for."""

    key: FaceKey
    points: np.ndarray
    is_sure: bool


def tracks_of(fits: pa.Table, people: Mapping[FaceKey, str | None], *, person: str) -> list[list[Tracked]]:
    """The tracks of one clip's landmarks on which `person` was recognised, each in order of frames.

    On them are the person's own faces, which are sure, and faces whose landmarks were rejected; those of anybody else
    are left out.
    """
    tracks: dict[int, list[Tracked]] = {}
    columns = ("frame", "face", "track", "reason")
    for row, points in zip(fits.select(columns).to_pylist(), points_of(fits), strict=True):
        key = (row["frame"], row["face"])
        is_sure = row["reason"] is None and people.get(key) == person
        if is_sure or (row["reason"] is not None and row["face"] >= 0):
            tracks.setdefault(row["track"], []).append(Tracked(key, points.reshape(68, 2), is_sure))
    ordered = [sorted(track, key=lambda face: face.key) for _, track in sorted(tracks.items())]
    return [track for track in ordered if any(face.is_sure for face in track)]


def bridges(tracks: list[list[Tracked]], *, max_frames: int) -> dict[FaceKey, np.ndarray]:
    """Points (68, 2) for the faces that are not sure but lie in gaps of at most `max_frames` between two that are.

    They move evenly from the one side to the other, whatever the rejected fits said.
    """
    found: dict[FaceKey, np.ndarray] = {}
    for track in tracks:
        sure = [face for face in track if face.is_sure]
        doubted = [face for face in track if not face.is_sure]
        for before, after in pairwise(sure):
            first, last = before.key[0], after.key[0]
            if 1 < last - first <= max_frames + 1:
                inside = [face for face in doubted if first < face.key[0] < last]
                found |= {face.key: _between(before, after, face.key[0]) for face in inside}
    return found


def _between(before: Tracked, after: Tracked, frame: int) -> np.ndarray:
    share = (frame - before.key[0]) / (after.key[0] - before.key[0])
    return np.asarray(before.points * (1 - share) + after.points * share, np.float32)
