"""Skin fill: outside the face, a crop shows nothing but blurred skin, so that no hair or background is learnt."""

import cv2
import numpy as np

REDUCTION = 4  # the fill is smooth, it is computed this much smaller
RADII = (0.25, 0.1, 0.04)  # standard deviations in sides of the crop, from coarse to fine
ENOUGH = 0.1  # share of a blur's weight that must be face for the blur to count


def fill_skin(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """An RGB uint8 crop (S, S, 3) whose pixels outside `mask` (S, S, uint8) are replaced by blurred face."""
    weight = (cv2.erode(mask, np.ones((3, 3), np.uint8)).astype(np.float32) / 255)[..., None]
    side = pixels.shape[0]
    fill = cv2.resize(_smooth_face(pixels, weight), (side, side), interpolation=cv2.INTER_LINEAR)
    mixed = weight * pixels + (1 - weight) * fill
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _smooth_face(pixels: np.ndarray, weight: np.ndarray) -> np.ndarray:
    small = pixels.shape[0] // REDUCTION
    inside = cv2.resize(weight, (small, small), interpolation=cv2.INTER_AREA)[..., None]
    face = cv2.resize(pixels * weight, (small, small), interpolation=cv2.INTER_AREA)
    fill = np.broadcast_to(face.sum((0, 1)) / max(float(inside.sum()), 1e-6), face.shape)
    for radius in RADII:
        near = cv2.GaussianBlur(inside, (0, 0), small * radius)[..., None]
        known = np.clip(near / ENOUGH, 0, 1)
        local = cv2.GaussianBlur(face, (0, 0), small * radius) / np.maximum(near, 1e-4)
        fill = fill * (1 - known) + known * local
    return fill.astype(np.float32)
