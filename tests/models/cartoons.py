"""Cartoon faces with known landmarks: a face set in milliseconds, for tests of models."""

import cv2
import numpy as np

from understudy.driven.shapes import DEPTHS
from understudy.facesets import FaceSet, cut_face
from understudy.geometry import MEAN_51

SIDE = 200
PALETTES = {"ada": ((225, 180, 160), (60, 140, 80), (190, 90, 90)), "bo": ((150, 110, 85), (70, 40, 20), (140, 70, 60))}
WIDTHS = {"ada": 0.9, "bo": 1.1}


def cartoon_points(person: str, *, yaw_deg: float, mouth: float, lids: float) -> np.ndarray:
    """68 landmarks in pixels of a SIDE-pixel frame; `mouth` in eye distances, `lids` 0 (shut) to 1."""
    flat = np.vstack([_jaw(), MEAN_51]) * [WIDTHS[person], 1.0]
    flat[[57, 58, 56, 65, 66, 67]] += [0, mouth * 0.74]
    flat[[55, 59]] += [0, mouth * 0.4]
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        middle = (flat[upper] + flat[lower]) / 2
        flat[[upper, lower]] = middle + (flat[[upper, lower]] - middle) * lids
    solid = np.column_stack([flat - flat[27:36].mean(0), DEPTHS * 0.74])
    turn = np.radians(yaw_deg)
    x = solid[:, 0] * np.cos(turn) + solid[:, 2] * np.sin(turn)
    return np.column_stack([x, solid[:, 1]]) * SIDE * 0.42 + [SIDE / 2, SIDE * 0.48]


def draw_cartoon(person: str, points: np.ndarray, *, gaze: float = 0.0) -> np.ndarray:
    """The face of those landmarks as RGB uint8 (SIDE, SIDE, 3)."""
    skin, iris, lips = PALETTES[person]
    image = np.full((SIDE, SIDE, 3), (40, 60, 70), np.uint8)
    _fill(image, np.vstack([points[:17], points[17:27] - [0, 18]]), skin)
    for brow in (slice(17, 22), slice(22, 27)):
        corners = np.round(points[brow] * 16).astype(np.int32)
        cv2.polylines(image, [corners], False, (50, 30, 20), 2, cv2.LINE_AA, 4)
    for eye in (slice(36, 42), slice(42, 48)):
        _draw_eye(image, points[eye], iris, gaze)
    _fill(image, points[48:60], lips)
    _fill(image, points[60:68], (30, 10, 10))
    cv2.circle(image, _fixed(points[30]), 3 * 16, tuple(int(0.8 * tone) for tone in skin), -1, cv2.LINE_AA, 4)
    return image


def cartoon_faces(person: str, *, number: int = 30, seed: int = 0, side_px: int = 256) -> FaceSet:
    """A face set of smoothly moving cartoon faces: two thirds to train, the rest for validation and test."""
    time = np.arange(number) / 6 + seed
    yaw, mouth = 18 * np.sin(time), 0.12 + 0.12 * np.sin(2.1 * time)
    lids = np.clip(1.2 * np.cos(0.7 * time) ** 2, 0.1, 1)
    gaze = 0.15 * np.sin(1.3 * time)
    cuts = []
    for index in range(number):
        points = cartoon_points(person, yaw_deg=yaw[index], mouth=mouth[index], lids=lids[index])
        picture = draw_cartoon(person, points, gaze=gaze[index])
        cuts.append(cut_face(picture, points, resolution_px=side_px))
    splits = [("train", "train", "train", "train", "validation", "test")[index % 6] for index in range(number)]
    return FaceSet(
        person,
        (person,) * number,
        tuple(range(number)),
        (0,) * number,
        tuple(splits),
        np.stack([cut.pixels for cut in cuts]),
        np.stack([cut.mask for cut in cuts]),
        np.stack([cut.points for cut in cuts]),
        np.column_stack([yaw, 0 * yaw, 0 * yaw]).astype(np.float32),
        np.stack([cut.crop_from_frame for cut in cuts]),
    )


def _jaw() -> np.ndarray:
    angle = np.linspace(np.pi, 0, 17)
    return np.column_stack([0.49 + 0.58 * np.cos(angle), 0.35 + 0.85 * np.sin(angle)])


def _draw_eye(image: np.ndarray, eye: np.ndarray, iris: tuple[int, int, int], gaze: float) -> None:
    lids = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(lids, cv2.convexHull(np.round(eye * 16).astype(np.int32)), 255, cv2.LINE_AA, 4)
    ball = np.full_like(image, 235)
    width = np.linalg.norm(eye[3] - eye[0])
    cv2.circle(ball, _fixed(eye.mean(0) + np.array([gaze * width, 0])), int(0.2 * width * 16), iris, -1, cv2.LINE_AA, 4)
    alpha = lids[..., None] / 255
    image[:] = np.rint(image * (1 - alpha) + ball * alpha)


def _fill(image: np.ndarray, points: np.ndarray, colour: tuple[int, int, int]) -> None:
    cv2.fillPoly(image, [np.round(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def _fixed(point: np.ndarray) -> tuple[int, int]:
    x, y = np.round(point * 16).astype(int).tolist()
    return x, y
