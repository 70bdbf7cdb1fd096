"""Landmarks over time: weighted 1-2-1 with the frames before and after, where the face did not jump."""

import numpy as np

from understudy.facesets import FaceSet
from understudy.geometry import apply_affine, eye_distance, invert_affine

JUMP = 0.5  # mean movement between frames, in eye distances, beyond which it is another shot


def steady_points(faces: FaceSet) -> np.ndarray:
    """The faces' 68 landmarks in pixels of the frame, smoothed: float64 (N, 68, 2).

    A neighbour that is not in the set, or lies beyond a cut, takes no part; the other one still does.
    """
    return _smooth(faces, frame_points(faces))


def steady_values(faces: FaceSet, values: np.ndarray) -> np.ndarray:
    """Values (N, ...) of the faces, smoothed as their landmarks are."""
    weights = _neighbours(faces, frame_points(faces))
    return _weighted(weights, values)


def frame_points(faces: FaceSet) -> np.ndarray:
    """The faces' 68 landmarks in pixels of the frame: float64 (N, 68, 2)."""
    moved = [
        apply_affine(invert_affine(crop.astype(float)), points.astype(float))
        for crop, points in zip(faces.crop_from_frame_N23, faces.points_N2, strict=True)
    ]
    return np.asarray(moved, float).reshape(-1, 68, 2)


def crop_points(faces: FaceSet, points: np.ndarray) -> np.ndarray:
    """Points (N, k, 2) in pixels of the frame as pixels of each face's crop."""
    moved = [
        apply_affine(crop.astype(float), face) for crop, face in zip(faces.crop_from_frame_N23, points, strict=True)
    ]
    return np.asarray(moved, float).reshape(points.shape)


def _smooth(faces: FaceSet, points: np.ndarray) -> np.ndarray:
    return _weighted(_neighbours(faces, points), points)


def _weighted(neighbours: list[list[tuple[int, float]]], values: np.ndarray) -> np.ndarray:
    smooth = np.empty_like(values)
    for row, around in enumerate(neighbours):
        total = sum(weight for _, weight in around)
        smooth[row] = np.sum([values[index] * (weight / total) for index, weight in around], axis=0)
    return smooth


def _neighbours(faces: FaceSet, points: np.ndarray) -> list[list[tuple[int, float]]]:
    """For every face, the rows that make up its smoothed value, with their weights; itself with weight 2."""
    keys = list(zip(faces.clips, faces.frames, strict=True))
    rows: dict[tuple[str, int], list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    limit = JUMP * eye_distance(points)
    around: list[list[tuple[int, float]]] = []
    for row, (clip, frame) in enumerate(keys):
        near = [(row, 2.0)]
        for other in (frame - 1, frame + 1):
            close = [(_distance(points, row, each), each) for each in rows.get((clip, other), [])]
            if close and min(close)[0] < limit[row]:
                near.append((min(close)[1], 1.0))
        around.append(near)
    return around


def _distance(points: np.ndarray, first: int, second: int) -> float:
    return float(np.linalg.norm(points[first] - points[second], axis=-1).mean())
