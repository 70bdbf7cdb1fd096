"""From landmarks and crops of a target to what drives the painted face: its points, irises, openings and traits."""

from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from understudy.driven.atlas import Traits
from understudy.driven.readings import (
    Range,
    Reading,
    find_range,
    gaze_of,
    iris_offsets,
    iris_points,
    read_faces,
)
from understudy.driven.shapes import Shape, find_way, fit_shape, retarget
from understudy.driven.steady import crop_points, steady_points, steady_values
from understudy.driven.turned import Reach, turn_back
from understudy.facesets import FaceSet
from understudy.geometry import eye_distance

ANY_TURN = Reach(np.full(2, -180.0), np.full(2, 180.0))
GAIN_LIMITS = (1.0, 2.0)  # of the mouth: nobody's mouth is made smaller, or opens beyond belief


class Person(NamedTuple):
    """What is remembered of a person: the shape model and their own range."""

    shape: Shape
    range: Range


class Drive(NamedTuple):
    """What drives N painted faces.

    points_N702   68 landmarks and two irises in pixels of the performance's crop, turned as far as the source can
    wanted_N682   the landmarks where the performance has them
    nearness_N68  how near the camera these are, in the same pixels
    is_turned_N   whether the two differ
    beyond_N      how much further aside than the source ever did the performance looks, in eye widths
    mouth_N, eyes_N  openings, in the source's eye distances and relative to an open eye
    traits        what the atlas depends on
    """

    points_N702: np.ndarray
    wanted_N682: np.ndarray
    nearness_N68: np.ndarray
    is_turned_N: np.ndarray
    beyond_N: np.ndarray
    mouth_N: np.ndarray
    eyes_N: np.ndarray
    traits: Traits


def know_person(faces: FaceSet, template: np.ndarray) -> Person:
    """A person's shape model and range, from their face set."""
    points = crop_points(faces, steady_points(faces))
    first = read_faces(faces.pixels_NHWC, points, template)
    own = find_range(first)
    shape = fit_shape(points, template, mouth_N=first.lips_N, eyes_N=first.eyes_N / own.open_eye)
    return Person(shape, find_range(read_faces(faces.pixels_NHWC, points, shape.still)))


def drive(
    faces: FaceSet,
    source: Person,
    target: Person,
    *,
    sized_by: Literal["face", "eyes"],
    reach: Reach = ANY_TURN,
) -> Drive:
    """What makes the source's face do what these faces of the target do, within `reach`.

    With one person on both sides the landmarks are the target's own, but for lips that are moved to where pixels see
    them.
    """
    points = crop_points(faces, steady_points(faces))
    reading = read_faces(faces.pixels_NHWC, points, target.shape.still, open_eye=target.range.open_eye)
    gain = float(np.clip(source.range.wide_mouth / target.range.wide_mouth, *GAIN_LIMITS))
    eyes, mouth = reading.eyes_N / target.range.open_eye, reading.mouth_N * gain
    wanted = _moved(points, reading, eyes, source, target, gain=gain, sized_by=sized_by)
    turned = [
        turn_back(face, source.shape, reach, mouth=lips, eyes=lids)
        for face, lips, lids in zip(wanted, mouth, eyes, strict=True)
    ]
    moved = np.asarray([face.points for face in turned], float).reshape(-1, 68, 2)
    asked = steady_values(faces, gaze_of(reading, target.range))
    gaze = np.column_stack([np.clip(asked[:, 0], *reach.looks), asked[:, 1]])
    width = np.linalg.norm(moved[:, 54] - moved[:, 48], axis=-1) / eye_distance(moved)
    traits = Traits(
        _tensor(reading.turn_N2),
        _tensor(np.column_stack([mouth, width])),
        _tensor(np.column_stack([eyes, gaze[:, 0]])),
    )
    return Drive(
        np.concatenate([moved, iris_points(moved, iris_offsets(gaze, source.range))], 1),
        wanted,
        np.asarray([face.nearness for face in turned], float).reshape(-1, 68),
        np.asarray([face.is_turned for face in turned], bool),
        asked[:, 0] - gaze[:, 0],
        mouth,
        eyes,
        traits,
    )


def _moved(
    points: np.ndarray,
    reading: Reading,
    eyes: np.ndarray,
    source: Person,
    target: Person,
    *,
    gain: float,
    sized_by: Literal["face", "eyes"],
) -> np.ndarray:
    way = find_way(source.shape, target.shape, sized_by=sized_by)
    moved = [
        retarget(face, source.shape, target.shape, way=way, lips=lips, mouth=mouth * gain, eyes=eye)
        for face, lips, mouth, eye in zip(points, reading.lips_N, reading.mouth_N, eyes, strict=True)
    ]
    return np.asarray(moved, float).reshape(-1, 68, 2)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))
