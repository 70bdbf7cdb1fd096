"""Faces over time: searched anew now and then and followed in between, then linked into tracks by overlap."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from understudy.analysis import Detection

SAME_FACE_OVERLAP = 0.4  # intersection over union from which two boxes in one frame are one face


class Detector(Protocol):
    """A detection back end that can search a whole frame or only where a face was."""

    def search(self, image: np.ndarray) -> list[Detection]:
        """All faces of an RGB uint8 frame."""
        ...

    def follow(self, image: np.ndarray, box_xyxy: np.ndarray) -> list[Detection]:
        """The faces around a box; empty when there is none."""
        ...


class Follower:
    """Finds faces frame after frame: where they were last seen, or anew in the whole frame."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._last_seen: list[np.ndarray] = []

    def faces_in(self, image: np.ndarray, *, anew: bool) -> list[Detection]:
        """The faces of the next frame (RGB uint8), from left to right.

        With `anew`, after a cut and now and then, what was seen before is forgotten and the whole frame is searched.
        Else every face is looked for where it was last seen, also one that has been lost for some frames; a frame in
        which nothing is found is searched whole.
        """
        seen = [] if anew else self._last_seen
        followed = [face for box in seen for face in self._detector.follow(image, box)]
        faces = distinct(followed or self._detector.search(image))
        lost = [box for box in seen if not any(overlap(box, face.box_xyxy) > 0 for face in faces)]
        self._last_seen = [face.box_xyxy for face in faces] + lost
        return faces


def distinct(faces: Sequence[Detection]) -> list[Detection]:
    """`faces` without those that a surer one overlaps, from left to right."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: (-face.score, tuple(face.box_xyxy))):
        if all(overlap(face.box_xyxy, other.box_xyxy) < SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: tuple(face.box_xyxy))


def overlap(box: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes (4,), 0-1."""
    sides = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    common = float(np.prod(np.clip(sides, 0, None)))
    areas = float(np.prod(box[2:] - box[:2]) + np.prod(other[2:] - other[:2]))
    return common / (areas - common)


def link_tracks(
    frames: Sequence[Sequence[Detection]],
    scenes: Sequence[int],
    *,
    min_overlap: float,
    max_gap_frames: int,
) -> list[list[int]]:
    """The track of every face of every frame, numbered from 0 in order of appearance.

    A face continues the track whose last box it overlaps most, when that is in the same scene, at least `min_overlap`
    and at most `max_gap_frames` frames without it back; otherwise it begins a track.
    """
    last: dict[int, tuple[int, np.ndarray]] = {}
    tracks: list[list[int]] = []
    begun = 0
    for frame, faces in enumerate(frames):
        if frame and scenes[frame] != scenes[frame - 1]:
            last.clear()
        open_ = {track: box for track, (seen, box) in last.items() if frame - seen <= max_gap_frames + 1}
        linked = _best_pairs(faces, open_, min_overlap=min_overlap)
        for index in range(len(faces)):
            if index not in linked:
                linked[index] = begun
                begun += 1
        tracks.append([linked[index] for index in range(len(faces))])
        last.update({linked[index]: (frame, face.box_xyxy) for index, face in enumerate(faces)})
    return tracks


def _best_pairs(faces: Sequence[Detection], tracks: dict[int, np.ndarray], *, min_overlap: float) -> dict[int, int]:
    pairs = [
        (overlap(face.box_xyxy, box), -track, -index)
        for index, face in enumerate(faces)
        for track, box in tracks.items()
    ]
    linked: dict[int, int] = {}
    for common, track, index in sorted(pairs, reverse=True):
        if common >= min_overlap and -index not in linked and -track not in linked.values():
            linked[-index] = -track
    return linked
