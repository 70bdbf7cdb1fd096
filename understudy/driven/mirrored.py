"""Mirror images of faces that look to one side, for a source that never looked to the other."""

import dataclasses

import numpy as np

from understudy.facesets import FaceSet
from understudy.geometry import apply_affine, compose_affine, estimate_pose

ONE_SIDED_DEG = 6.0  # what the target must turn further than the source to one side; poses are read 3 aside
_PAIRS = (
    *((index, 16 - index) for index in range(8)),
    *((index, 43 - index) for index in range(17, 22)),
    *((31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67)),
)
ORDER = np.arange(68)
for _left, _right in _PAIRS:
    ORDER[[_left, _right]] = _right, _left


def completed(source: FaceSet, target: FaceSet) -> FaceSet:
    """The source's faces, and mirror images of some where the target turns to a side that the source never showed.

    Nobody is symmetrical, and light is less so; but half a face that was never seen is better guessed than smeared.
    """
    yaws, asked = _yaws(source), _yaws(target)
    low, high = np.quantile(yaws, (0.01, 0.99))
    wants_low, wants_high = np.quantile(asked, (0.01, 0.99)) - (low, high)
    chosen = ((wants_low < -ONE_SIDED_DEG) & (yaws > -low)) | ((wants_high > ONE_SIDED_DEG) & (yaws < -high))
    return _joined(source, mirrored(source.select(np.flatnonzero(chosen)))) if chosen.any() else source


def mirrored(faces: FaceSet) -> FaceSet:
    """The faces as a mirror shows them, as of clips of their own."""
    flip = np.array([[-1.0, 0, faces.pixels_NHWC.shape[2] - 1], [0, 1, 0]])
    crops = [compose_affine(flip, crop.astype(float)) for crop in faces.crop_from_frame_N23]
    return dataclasses.replace(
        faces,
        clips=tuple(f"{clip}, mirrored" for clip in faces.clips),
        pixels_NHWC=np.ascontiguousarray(faces.pixels_NHWC[:, :, ::-1]),
        mask_NHW=np.ascontiguousarray(faces.mask_NHW[:, :, ::-1]),
        points_N2=apply_affine(flip, faces.points_N2.astype(float))[:, ORDER].astype(np.float32),
        pose_N3=faces.pose_N3 * np.array([-1, 1, -1], np.float32),
        crop_from_frame_N23=np.asarray(crops, np.float32).reshape(-1, 2, 3),
    )


def _yaws(faces: FaceSet) -> np.ndarray:
    return np.array([estimate_pose(points.astype(float)).yaw_deg for points in faces.points_N2])


def _joined(first: FaceSet, second: FaceSet) -> FaceSet:
    return FaceSet(
        first.person,
        first.clips + second.clips,
        first.frames + second.frames,
        first.faces + second.faces,
        first.splits + second.splits,
        np.concatenate([first.pixels_NHWC, second.pixels_NHWC]),
        np.concatenate([first.mask_NHW, second.mask_NHW]),
        np.concatenate([first.points_N2, second.points_N2]),
        np.concatenate([first.pose_N3, second.pose_N3]),
        np.concatenate([first.crop_from_frame_N23, second.crop_from_frame_N23]),
    )
