"""What is measured in each frame, made steady over time: faces are followed within a scene and values averaged."""

from collections.abc import Sequence
from math import comb

import numpy as np

REACH = 0.5  # a face is the same one in the next frame when it moved by less than this, in face sides


def follow_faces(
    frames: np.ndarray, scenes: np.ndarray, centres: np.ndarray, sides_px: np.ndarray
) -> list[dict[int, int]]:
    """For each face, which row shows the same face in which frame: N maps from frame to row.

    frames (N,) ascending, scenes (N,), centres (N, 2) and sides_px (N,) of painted faces. A face is followed from one
    frame to the very next; a frame without it, or a cut, ends the track.
    """
    tracks: list[dict[int, int]] = []
    for row, frame in enumerate(frames):
        nearest, distance = -1, REACH * float(sides_px[row])
        for other in range(row - 1, -1, -1):
            if frames[other] < frame - 1:
                break
            away = float(np.hypot(*(centres[row] - centres[other])))
            same_scene = scenes[other] == scenes[row]
            if frames[other] == frame - 1 and same_scene and frame not in tracks[other] and away < distance:
                nearest, distance = other, away
        track = tracks[nearest] if nearest >= 0 else {}
        track[int(frame)] = row
        tracks.append(track)
    return tracks


def steady(
    values: Sequence[np.ndarray], frames: np.ndarray, tracks: list[dict[int, int]], *, reach: int
) -> list[np.ndarray]:
    """N arrays averaged over each face's track with binomial weights `reach` frames to either side.

    At the ends of a track, and beside arrays of another shape, the weights that are left count for all; `reach` 0
    changes nothing.
    """
    weights = {offset: comb(2 * reach, reach + offset) for offset in range(-reach, reach + 1)}
    result = []
    for row, frame in enumerate(frames):
        total, share = np.zeros(values[row].shape, np.float64), 0.0
        for offset, weight in weights.items():
            other = tracks[row].get(int(frame) + offset)
            if other is not None and values[other].shape == total.shape:
                total, share = total + weight * values[other].astype(np.float64), share + weight
        result.append((total / share).astype(values[row].dtype))
    return result
