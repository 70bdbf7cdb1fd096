"""Landmarks one can lean on: the mean of several fits on perturbed boxes, and how far those lie apart."""

import cv2
import numpy as np
from pydantic import Field

from understudy.analysis import Fit, LandmarkBackend, Landmarker
from understudy.facesets import warp_crop
from understudy.geometry import MEAN_51, MEAN_CENTRE, apply_affine, eye_distance, fit_crop, fit_similarity, scale_of
from understudy.masks import fill_hull
from understudy.params import Settings
from understudy.randomness import numpy_generator

CHIP_PX = 128  # sharpness is measured at this resolution: more makes small and compressed faces all look soft
CHIP_COVERAGE = 1.3
RETRIES = 2
BOX_SIDES, BOX_RISE = 1.22, -0.035  # a detector's box: side in mean face boxes, middle relative to that box's in sides


class FitSettings(Settings):
    """How one face is fitted, and which fits are believed."""

    backend: LandmarkBackend
    """dlib_68 needs nothing, takes 10 ms a face and sees frontal faces to about 35 degrees of yaw. fan_68 is made for
    GPUs and needs its weights in a folder (see understudy/analysers/fan_68.py)."""
    fits: int = Field(ge=3, le=99)
    """Fits a face; odd, for one is unperturbed and the others come in opposite pairs. Jitter falls with the root:
    9 is twice as steady as 1 and takes 10 ms a face."""
    perturbation: float = Field(gt=0, le=0.1)
    """Standard deviation of the boxes' place and width, in widths of the box. 0.02 is what a detector's own boxes
    scatter; more widens every spread, and the gates with it."""
    seed: int = Field(ge=0)
    """Any number; every face of every frame draws from a stream of its own."""
    max_spread: float = Field(gt=0, le=1)
    """Fits that lie further apart are left out. True faces: median .005, 95th percentile .016; what is no face: .018
    and more."""
    sure_score: float = Field(ge=-1, le=3)
    """Detections scored below this must also keep `max_spread_unsure`."""
    retry_score: float = Field(ge=-1, le=9)
    """Detections scored at least this whose fits lie further apart than `max_spread` are fitted again, twice at most.
    What is no face seldom scores above 0.3; 9 never fits again."""
    max_spread_unsure: float = Field(gt=0, le=1)
    """The gate for low scores, where what is no face sometimes fits within `max_spread`."""
    min_eye_distance_px: float = Field(ge=0)
    """Faces with less between their outer eye corners are left out. Landmarks of a face are off by 1 % of that
    distance at 45 px, 3 % at 15 px."""
    min_inside: float = Field(ge=0, le=1)
    """Share of the 68 points that must lie within the frame."""


def mean_fit(
    image: np.ndarray, box_xyxy: np.ndarray, *, landmarker: Landmarker, settings: FitSettings, stream: str, step: int
) -> Fit:
    """The landmarks of the face in a box of an RGB uint8 frame; `stream` and `step` name its random draws.

    A detector's box jumps by 6 % of its width from frame to frame. So one fit only says where the box should have been;
    the fits that count start there: a third less jitter, and a tenth of the fits that miss.
    """
    rough = landmarker.fit_boxes(image, box_xyxy[None])[0]
    return _fit_around(rough, image, landmarker=landmarker, settings=settings, stream=stream, step=step)


def sure_fit(
    image: np.ndarray,
    box_xyxy: np.ndarray,
    *,
    score: float,
    landmarker: Landmarker,
    settings: FitSettings,
    stream: str,
    step: int,
) -> Fit:
    """As mean_fit, and again from where the fits put the face while they lie too far apart and `score` is high enough.

    Of several the one of least spread. Without it, one frame in fifty of a turning head is lost; what is no face and is
    fitted again passes six times as often, so that only detections that are sure to be faces are.
    """
    fit = best = mean_fit(image, box_xyxy, landmarker=landmarker, settings=settings, stream=stream, step=step)
    for attempt in range(RETRIES):
        if best.spread <= settings.max_spread or score < settings.retry_score:
            break
        again = f"{stream} again {attempt}"
        fit = _fit_around(fit.points, image, landmarker=landmarker, settings=settings, stream=again, step=step)
        best = min(best, fit, key=lambda one: one.spread)
    return best


def box_around(points: np.ndarray) -> np.ndarray:
    """The box (4,) a detector should have given for a face with these 68 points."""
    frame_from_unit = fit_similarity(MEAN_51, points[17:])
    side = scale_of(frame_from_unit) * BOX_SIDES
    middle = apply_affine(frame_from_unit, MEAN_CENTRE) + np.array([0, BOX_RISE * side])
    return np.concatenate([middle - side / 2, middle + side / 2])


def perturbed_boxes(box_xyxy: np.ndarray, *, settings: FitSettings, generator: np.random.Generator) -> np.ndarray:
    """The box itself and pairs that are moved and resized in opposite ways, (fits, 4); their mean is the box."""
    pairs = settings.fits // 2
    draws = generator.standard_normal((pairs, 3)) * settings.perturbation
    moves = np.vstack([np.zeros((settings.fits - 2 * pairs, 3)), draws, -draws])
    middle, width = (box_xyxy[:2] + box_xyxy[2:]) / 2, box_xyxy[2] - box_xyxy[0]
    middles = middle + moves[:, :2] * width
    halves = (box_xyxy[2:] - box_xyxy[:2]) / 2 * (1 + moves[:, 2:])
    return np.hstack([middles - halves, middles + halves])


def sharpness(image: np.ndarray, points: np.ndarray) -> float:
    """Variance of the Laplacian inside the landmarks' hull of a 128 px grey face (grey 0-255)."""
    chip_from_frame = fit_crop(points, resolution_px=CHIP_PX, coverage=CHIP_COVERAGE)
    chip = cv2.cvtColor(warp_crop(image, chip_from_frame, resolution_px=CHIP_PX), cv2.COLOR_RGB2GRAY)
    inside = fill_hull(apply_affine(chip_from_frame, points), resolution_px=CHIP_PX) > 127
    edges = cv2.Laplacian(chip, cv2.CV_64F, borderType=cv2.BORDER_REPLICATE)
    return float(edges[inside].var()) if inside.any() else 0.0


def share_inside(points: np.ndarray, *, frame_px: tuple[int, int]) -> float:
    """Share of points (N, 2) that lie on pixels of a frame (width, height), 0-1."""
    limits = np.array(frame_px) - 0.5
    return float(((points >= -0.5) & (points <= limits)).all(-1).mean())


def doubt(fit: Fit, *, score: float, frame_px: tuple[int, int], settings: FitSettings) -> str | None:
    """Why a fit in a frame (width, height) is not believed; None when it is. `score` is the detection's."""
    is_sure = score >= settings.sure_score
    max_spread = settings.max_spread if is_sure else min(settings.max_spread, settings.max_spread_unsure)
    eyes_px = float(eye_distance(fit.points))
    inside = share_inside(fit.points, frame_px=frame_px)
    if fit.spread > max_spread:
        return f"spread {fit.spread:.3f} above {max_spread:g}"
    if eyes_px < settings.min_eye_distance_px:
        return f"eye distance {eyes_px:.1f} px below {settings.min_eye_distance_px:g}"
    if inside < settings.min_inside:
        return f"{inside:.0%} of the points inside the frame, below {settings.min_inside:.0%}"
    return None


def _fit_around(
    points: np.ndarray, image: np.ndarray, *, landmarker: Landmarker, settings: FitSettings, stream: str, step: int
) -> Fit:
    generator = numpy_generator(settings.seed, stream, step)
    boxes = perturbed_boxes(box_around(points), settings=settings, generator=generator)
    points_N2 = landmarker.fit_boxes(image, boxes)
    mean = points_N2.mean(0)
    return Fit(mean, float(np.sqrt(points_N2.var(0).mean()) / eye_distance(mean)))
