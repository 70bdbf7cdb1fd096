"""Sharpness: what a network's patch lost of fine contrast, brought back mildly."""

import cv2
import numpy as np

from understudy.color import luminance
from understudy.compositing.faces import PaintedFace, Region, patch_in_region
from understudy.compositing.settings import CompositeSettings

RADIUS = 0.012  # standard deviation of the blur that is subtracted, in face sides
LIMIT = 0.08  # most that a pixel may change, in coded values: keeps lashes and highlights from ringing


def sharpen(coded: np.ndarray, *, amount: float, side_px: float) -> np.ndarray:
    """A coded face (float32 (H, W, 3)) with `amount` times its fine luminance added; 0 changes nothing."""
    if amount <= 0:
        return coded
    grey = luminance(coded)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), max(RADIUS * side_px, 0.5))
    return coded + np.clip(amount * fine, -LIMIT, LIMIT)[..., None]


def place_face(painted: PaintedFace, *, region: Region, side_px: float, settings: CompositeSettings) -> np.ndarray:
    """The painted face in the region's pixels, coded float32 (H, W, 3), sharpened."""
    patch = painted.patch.astype(np.float32) / 255
    face = patch_in_region(patch, painted.crop_from_frame, region=region, border=cv2.BORDER_REPLICATE)
    return sharpen(face, amount=settings.sharpen, side_px=side_px)
