"""What frames say about the faces painted over them, measured one by one and made steady over time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from understudy.compositing.colormatch import SkinRatio, measure_ratio
from understudy.compositing.faces import PaintedFace, Region, face_side_px, region_around
from understudy.compositing.grain import measure_grain
from understudy.compositing.settings import CompositeSettings
from understudy.compositing.sharpness import place_face
from understudy.compositing.skin import skin_mask
from understudy.compositing.steadiness import follow_faces, steady

POINTS_REACH = 2  # landmarks move with the face: they are averaged over few frames alone


@dataclass(frozen=True)
class Measured:
    """What a frame says about one face, and what is made steady over time before anything is painted.

    ratio  colour and light; grain  standard deviation of the noise the painted face lacks, in coded values
    points (68, 2), outline_shift (K, 2): as in the swaps table, in frame pixels
    """

    ratio: SkinRatio
    grain: float
    points: np.ndarray
    outline_shift: np.ndarray


def measure_face(image: np.ndarray, painted: PaintedFace, *, settings: CompositeSettings) -> Measured:
    """Colour, light and grain of one face in its RGB uint8 frame, against what was painted over it."""
    side_px = face_side_px(painted.points)
    region = region_around(painted.points, margin_px=0, image=image)
    return Measured(
        measure_ratio(image, painted, softness=settings.light_softness),
        _missing_grain(image, painted, region=region, side_px=side_px, settings=settings),
        painted.points,
        painted.outline_to - painted.outline_from,
    )


def steady_measures(
    measures: Sequence[Measured], frames: np.ndarray, scenes: np.ndarray, *, reach: int
) -> list[Measured]:
    """The measures of N faces, ordered by frame, averaged over `reach` frames to either side of the same face.

    frames (N,) and scenes (N,) are where the faces are; a cut, or a frame without the face, ends the averaging.
    """
    points = [measured.points for measured in measures]
    centres = np.array([face.mean(0) for face in points]).reshape(-1, 2)
    tracks = follow_faces(frames, scenes, centres, np.array([face_side_px(face) for face in points]))
    color = steady([measured.ratio.color for measured in measures], frames, tracks, reach=reach)
    light = steady([measured.ratio.light for measured in measures], frames, tracks, reach=reach)
    grain = steady([np.array(measured.grain) for measured in measures], frames, tracks, reach=reach)
    shift = steady([measured.outline_shift for measured in measures], frames, tracks, reach=reach)
    calm = steady(points, frames, tracks, reach=min(reach, POINTS_REACH))
    return [
        Measured(SkinRatio(color[row], light[row]), float(grain[row]), calm[row], shift[row])
        for row in range(len(measures))
    ]


def _missing_grain(
    image: np.ndarray, painted: PaintedFace, *, region: Region, side_px: float, settings: CompositeSettings
) -> float:
    if region.is_empty():
        return 0.0
    shown = region.cut(image)
    skin = skin_mask(region.local(painted.points), shape=shown.shape[:2])
    wanted = measure_grain(shown.astype(np.float32) / 255, skin)
    found = measure_grain(place_face(painted, region=region, side_px=side_px, settings=settings), skin)
    return float(np.sqrt(max(wanted**2 - found**2, 0.0)))
