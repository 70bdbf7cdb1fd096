"""What a face does besides holding a pose: how far the mouth and the eyes are open, and where they look.

Openings are made comparable between people by each person's own range. Eyes are read from landmarks. Mouths are read
from pixels, and landmarks may open them further by a share: a detector overlooks mouths that smile and, with thin or
dark lips, invents openings where none are; colours overlook tongues, but invent nothing. Gaze comes from pixels, the
dark centre between the corners of the eye. The turn of the head hardly moves it, and is left in: who looks at one spot
while turning looks aside.
"""

from typing import NamedTuple

import cv2
import numpy as np

from understudy.driven.shapes import place, pose_of
from understudy.geometry import LEFT_EYE, RIGHT_EYE, apply_affine

OPEN_EYE_PERCENTILE = 96
WIDE_MOUTH_PERCENTILE = 95
CLOSED = 0.55  # eyes less open than this tell no gaze
DARK = (0.42, 0.12)  # of the skin's brightness: darker than the first is the mouth's inside; the second softens it
STRIP_PX = (7, 72)  # columns and rows the band through the lips is read at
PALE = (0.8, 0.2)  # of the skin's redness, log(red / green): less red than the first are teeth, in warm light too
LIPS_SHARE = 1.5  # landmarks may have the mouth so many times wider open than pixels,
LIPS_GAP = 0.02  # and this much, in outer-eye distances; moving lips for less than that only adds noise
BELOW = 0.5  # of the lips' height: how far below the lower lip's landmarks the mouth's inside is followed
_LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))
_EYE_PX = (48, 28)  # columns and rows of the chip the gaze is read from
_EYE_SPAN = 1.3  # width of the chip in widths of the eye


class Range(NamedTuple):
    """What is this person's own.

    open_eye, wide_mouth   gaps of an open eye and of a wide open mouth, in outer-eye distances
    iris_2                 the irises' offset at rest, in eye widths along and across the eye
    """

    open_eye: float
    wide_mouth: float
    iris_2: np.ndarray


class Reading(NamedTuple):
    """What N faces do.

    mouth_N   gap of the inner lips in outer-eye distances, freed of the head's turn
    lips_N    the same by the landmarks alone
    eyes_N    mean gap of the lids, likewise; not yet relative to the person's open eye
    iris_N2   offset of the irises from the middle between the eye corners, in eye widths, along and across the eye
    turn_N2   yaw and pitch / 90 degrees
    """

    mouth_N: np.ndarray
    lips_N: np.ndarray
    eyes_N: np.ndarray
    iris_N2: np.ndarray
    turn_N2: np.ndarray


def read_faces(
    pixels_NHWC: np.ndarray, points_N682: np.ndarray, still: np.ndarray, *, open_eye: float | None = None
) -> Reading:
    """What the faces of these crops do, from their points (crop pixels) and a shape to measure them by, (68, 3).

    `open_eye` is the person's, where it is already known; else these faces tell.
    """
    placings = [place(points, still) for points in points_N682]
    scale = np.array([placing.scale for placing in placings])
    lids = np.mean([_gap(points_N682, upper, lower) for upper, lower in _LIDS], axis=0) / scale
    irises = [_iris(pixels, points) for pixels, points in zip(pixels_NHWC, points_N682, strict=True)]
    iris = np.asarray(irises, float).reshape(-1, 2)
    wide = _percentile(lids, OPEN_EYE_PERCENTILE) if open_eye is None else open_eye
    iris[lids < CLOSED * wide] = np.nan
    turns = np.array([pose_of(placing)[:2] for placing in placings]).reshape(-1, 2) / 90
    lips = _gap(points_N682, 62, 66) / scale
    pairs = zip(pixels_NHWC, points_N682, strict=True)
    seen = np.array([_inside(picture, points) for picture, points in pairs]) / scale
    return Reading(np.clip(lips, seen, LIPS_SHARE * seen + LIPS_GAP), lips, lids, _bridged(iris), turns)


def find_range(reading: Reading) -> Range:
    """A person's own range, from faces that show much of it."""
    return Range(
        max(_percentile(reading.eyes_N, OPEN_EYE_PERCENTILE), 0.02),
        max(_percentile(reading.mouth_N, WIDE_MOUTH_PERCENTILE), 0.005),
        np.median(reading.iris_N2, axis=0) if len(reading.iris_N2) else np.zeros(2),
    )


def gaze_of(reading: Reading, own: Range) -> np.ndarray:
    """Where the eyes look, seen from the head: (N, 2), in eye widths."""
    return np.asarray(reading.iris_N2 - own.iris_2)


def iris_offsets(gaze_N2: np.ndarray, own: Range) -> np.ndarray:
    """The offsets of this person's irises when they look there; the way back of `gaze_of`."""
    return np.asarray(gaze_N2 + own.iris_2)


def iris_points(points_N682: np.ndarray, offsets_N2: np.ndarray) -> np.ndarray:
    """The centres of both irises, (N, 2, 2), from the eye corners and offsets in eye widths."""
    centres = []
    for first, second in ((36, 39), (42, 45)):
        along = points_N682[:, second] - points_N682[:, first]
        across = np.stack([-along[:, 1], along[:, 0]], -1)
        middle = (points_N682[:, first] + points_N682[:, second]) / 2
        centres.append(middle + along * offsets_N2[:, :1] + across * offsets_N2[:, 1:])
    return np.stack(centres, 1)


def _gap(points_N682: np.ndarray, upper: int, lower: int) -> np.ndarray:
    return np.asarray(np.linalg.norm(points_N682[:, lower] - points_N682[:, upper], axis=-1))


def _percentile(values: np.ndarray, share: float) -> float:
    return float(np.percentile(values, share)) if len(values) else 0.0


def _bridged(values_N2: np.ndarray) -> np.ndarray:
    """`values` with rows of NaN interpolated between their neighbours; zeros when all are."""
    known = np.flatnonzero(np.isfinite(values_N2).all(1))
    if not len(known):
        return np.zeros_like(values_N2)
    rows = np.arange(len(values_N2))
    return np.stack([np.interp(rows, known, values_N2[known, axis]) for axis in range(2)], 1)


def _inside(pixels: np.ndarray, points: np.ndarray) -> float:
    """How many pixels of the line down through the lips are dark or less red than the skin of the cheeks.

    Only what lies between the outer lips counts, and what goes on from there without a break: beards are dark, too.
    """
    upper, lower = points[51], points[57]
    down = (lower - upper) * (1 + BELOW)
    strip = np.median(_strip(pixels, upper, upper + down, across=0.12 * (points[54] - points[48])), axis=1)
    cheeks = [points[[3, 31, 41, 48]].mean(0), points[[13, 35, 46, 54]].mean(0)]
    skin = np.mean([_patch_median(pixels, cheek) for cheek in cheeks], axis=0)
    dark = np.clip((DARK[0] - strip.max(-1) / max(float(skin.max()), 1.0)) / DARK[1], 0, 1)
    pale = np.clip((PALE[0] - _redness(strip) / max(float(_redness(skin)), 0.05)) / PALE[1], 0, 1)
    inside = np.maximum(dark, pale)
    between = round(len(inside) / (1 + BELOW))
    inside[between:] = np.minimum.accumulate(inside[between - 1 :])[1:]
    return float(inside.mean() * np.linalg.norm(down))


def _strip(pixels: np.ndarray, top: np.ndarray, bottom: np.ndarray, *, across: np.ndarray) -> np.ndarray:
    """The band from `top` to `bottom`, as wide as `across`, resampled to STRIP_PX."""
    columns, rows = STRIP_PX
    crop_from_strip = np.column_stack([across / columns, (bottom - top) / rows, top - across / 2])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    band = cv2.warpAffine(pixels, crop_from_strip, STRIP_PX, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(band, float)


def _patch_median(pixels: np.ndarray, centre: np.ndarray) -> np.ndarray:
    x, y = np.clip(np.round(centre).astype(int), 4, pixels.shape[0] - 5)
    return np.asarray(np.median(pixels[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3), axis=0))


def _redness(colours: np.ndarray) -> np.ndarray:
    """Log of red over green of RGB colours (..., 3), 0–255: lips have more of it than skin, teeth less."""
    return np.asarray(np.log((colours[..., 0] + 6) / (colours[..., 1] + 6)))


def _iris(pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
    return np.mean([_dark_centre(pixels, points[list(eye)]) for eye in (LEFT_EYE, RIGHT_EYE)], axis=0)


def _dark_centre(pixels: np.ndarray, eye: np.ndarray) -> np.ndarray:
    """The centre of what is dark between the lids, in eye widths along and across the eye; NaN when nothing is seen.

    Irises are darker than what surrounds them most clearly in the red channel.
    """
    along = eye[3] - eye[0]
    columns, rows = _EYE_PX
    zoom = columns / (_EYE_SPAN * float(along @ along))
    turn = zoom * np.array([along, [-along[1], along[0]]])
    middle = np.array([(columns - 1) / 2, (rows - 1) / 2])
    chip_from_crop = np.column_stack([turn, middle - turn @ (eye[0] + eye[3]) / 2])
    chip = cv2.warpAffine(pixels, chip_from_crop, _EYE_PX, borderMode=cv2.BORDER_REPLICATE)[..., 0].astype(float)
    lids = np.zeros((rows, columns), np.uint8)
    corners = np.round(apply_affine(chip_from_crop, eye) * 16).astype(np.int32)
    cv2.fillConvexPoly(lids, corners, 255, cv2.LINE_AA, 4)
    inside = cv2.erode(lids, np.ones((3, 3), np.uint8)) / 255
    if inside.sum() < 8:
        return np.full(2, np.nan)
    low, high = np.percentile(chip[inside > 0.5], [5, 90]) if (inside > 0.5).any() else (0.0, 0.0)
    dark = np.clip((high - chip) / (high - low + 1) - 0.4, 0, 0.6) ** 2 * inside
    if dark.sum() <= 0:
        return np.full(2, np.nan)
    y, x = np.mgrid[:rows, :columns]
    centre = np.array([(dark * x).sum(), (dark * y).sum()]) / dark.sum()
    return (centre - middle) / (columns / _EYE_SPAN)
