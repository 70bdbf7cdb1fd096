"""68 landmarks by the Face Alignment Network (Bulat and Tzimiropoulos 2017), for GPUs: 0.7 s of CPU a fit.

The network's code is the package face-alignment; its weights are not. Put `2DFAN4-11f355bf06.pth.tar` into the folder
that UNDERSTUDY_WEIGHTS names (`weights` when unset). The package's own interface downloads, and cuts landmarks down to
whole pixels, which moves them by half a pixel; so crops and decoding are ours.
"""

import importlib.metadata
import os
from pathlib import Path

import numpy as np
import torch

from understudy.analysis import Maker
from understudy.devices import choose_device
from understudy.errors import AnalysisError
from understudy.facesets import warp_crop
from understudy.files import sha256_of
from understudy.geometry import apply_affine, invert_affine
from understudy.weights import Weights, checked_weights
from understudy.workers import workers

WEIGHTS = Weights("2DFAN4-11f355bf06.pth.tar", "11f355bf06")  # all that is published of the hash: its beginning
CROP_PX, HEAT_PX = 256, 64
CROP_SIDES, CROP_RISE = 2 * 200 / 195, 0.12  # the crop it was trained on, in sides of a box, and how far it is raised


class Landmarks:
    """The network with its weights, on the device the environment chooses."""

    def __init__(self, folder: Path | None = None, *, weights: Weights = WEIGHTS) -> None:
        from face_alignment.models import FAN

        folder = folder or Path(os.environ.get("UNDERSTUDY_WEIGHTS", "weights"))
        path = checked_weights(folder / weights.file, weights)
        self.maker = Maker("fan_68", importlib.metadata.version("face-alignment"), sha256_of(path))
        self._device = choose_device()
        self._network = FAN(4)
        try:
            self._network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise AnalysisError(f"{path}: not the weights of a FAN with 4 modules; replace the file") from error
        self._network.eval().to(self._device)

    def fit_boxes(self, image: np.ndarray, boxes_N4: np.ndarray) -> np.ndarray:
        """The 68 points of the face in each box, float64 (N, 68, 2), in pixels of `image` (RGB uint8)."""
        transforms = [_crop_of(box) for box in boxes_N4]
        crops = [warp_crop(image, crop_from_frame, resolution_px=CROP_PX) for crop_from_frame in transforms]
        faces_NCHW = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode(), workers(1):
            heat_NCHW = self._network(faces_NCHW.to(self._device))[-1].float().cpu().numpy()
        points = decode_heat(heat_NCHW)
        return np.stack(
            [apply_affine(invert_affine(crop), face) for crop, face in zip(transforms, points, strict=True)]
        )


def decode_heat(heat_NCHW: np.ndarray) -> np.ndarray:
    """Where each of (N, C, 64, 64) heat maps peaks, below the pixel: float64 (N, C, 2) in pixels of the 256 px crop.

    A parabola through the logarithm of the peak and its neighbours, exact for a Gaussian.
    """
    number, channels, height, width = heat_NCHW.shape
    flat = np.log(np.maximum(heat_NCHW.astype(float), 1e-6)).reshape(number * channels, height, width)
    y, x = np.unravel_index(flat.reshape(len(flat), -1).argmax(1), (height, width))
    row, x_in, y_in = np.arange(len(flat)), np.clip(x, 1, width - 2), np.clip(y, 1, height - 2)
    peaks = np.stack(
        [
            x_in + _vertex(*(flat[row, y, x_in + step] for step in (-1, 0, 1))),
            y_in + _vertex(*(flat[row, y_in + step, x] for step in (-1, 0, 1))),
        ],
        axis=-1,
    )
    factor = CROP_PX / HEAT_PX
    return ((peaks + 0.5) * factor - 0.5).reshape(number, channels, 2)


def _vertex(before: np.ndarray, at: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where a parabola through three neighbours peaks, from the middle one; at most a pixel away."""
    bend = before - 2 * at + after
    return np.clip(np.divide(before - after, 2 * bend, out=np.zeros_like(at), where=bend < 0), -1, 1)


def _crop_of(box_xyxy: np.ndarray) -> np.ndarray:
    side = float(box_xyxy[2] - box_xyxy[0])
    middle = (box_xyxy[:2] + box_xyxy[2:]) / 2 - np.array([0, CROP_RISE * side])
    scale = CROP_PX / (CROP_SIDES * side)
    return np.column_stack([np.eye(2) * scale, (CROP_PX - 1) / 2 - scale * middle])
