"""One face put into one frame.

Colours are matched in linear light; grain, sharpness and the mixing by the matte belong to coded values. Mixing in
linear light was measured against the true swap of drawn actors, too: at the rim .08 and .15 dB further from it on two
clips, for there skin is brighter than the hair and the background it borders on, and glows into them.
"""

import numpy as np

from understudy.color import coded_from_linear, linear_from_coded, to_bytes
from understudy.compositing.colormatch import match_color
from understudy.compositing.faces import PaintedFace, Region, face_side_px, region_around
from understudy.compositing.grain import add_grain
from understudy.compositing.matte import FOREHEAD, paste_matte
from understudy.compositing.measured import Measured
from understudy.compositing.outline import fit_outline, move_points, warp_outline
from understudy.compositing.settings import CompositeSettings
from understudy.compositing.sharpness import place_face
from understudy.masks import extended_points


def composite_face(
    image: np.ndarray, painted: PaintedFace, measured: Measured, *, settings: CompositeSettings, clip: str
) -> np.ndarray:
    """The RGB uint8 frame with the painted face in it; `clip` names the noise. Pixels away from the face are untouched.

    A face where the model stands by no pixel leaves the frame as it is.
    """
    if not painted.alpha.any():
        return image
    side_px = face_side_px(measured.points)
    frame, points = _move_outline(image, painted, measured, amount=settings.outline)
    reach = extended_points(points, brow_margin=FOREHEAD)
    region = region_around(reach, margin_px=4 * settings.feather * side_px + 2, image=image)
    if region.is_empty():
        return image
    matte = paste_matte(
        region.cut(frame).astype(np.float32) / 255,
        painted,
        points=points,
        region=region,
        side_px=side_px,
        reach=settings.reach,
        erode=settings.erode,
        feather=settings.feather,
    )
    face = place_face(painted, region=region, side_px=side_px, settings=settings)
    lit = match_color(
        linear_from_coded(face),
        measured.ratio,
        points=measured.points,
        painted_points=painted.painted_points,
        region=region,
        light=settings.light,
        eyes=settings.eyes,
        lips=settings.lips,
    )
    grainy = add_grain(
        coded_from_linear(lit),
        deviation=measured.grain * settings.grain,
        seed=settings.seed,
        clip=clip,
        frame=painted.frame,
        face=painted.face,
    )
    return _blend(frame, grainy, matte, region=region)


def _blend(frame: np.ndarray, face: np.ndarray, matte: np.ndarray, *, region: Region) -> np.ndarray:
    """`frame` with the coded `face` mixed in by `matte`; where the matte is 0 it keeps its bytes."""
    weight = matte[..., None]
    mixed = face * weight + region.cut(frame).astype(np.float32) / 255 * (1 - weight)
    result = frame.copy()
    np.copyto(region.cut(result), to_bytes(mixed), where=weight > 0)
    return result


def _move_outline(
    image: np.ndarray, painted: PaintedFace, measured: Measured, *, amount: float
) -> tuple[np.ndarray, np.ndarray]:
    """The frame with the face's outline moved, and where the target's landmarks then lie."""
    to = painted.outline_from + amount * measured.outline_shift
    outline = fit_outline(measured.points, painted.outline_from, to, image=image) if amount > 0 else None
    if outline is None:
        return image, measured.points
    return warp_outline(image, outline), move_points(outline, measured.points)
