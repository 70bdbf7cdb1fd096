"""The camera: how the head is turned, where points fall in the picture, and how light becomes 8-bit pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from understudy.actors.curves import F32, Array, rotated
from understudy.actors.performance import Performance
from understudy.randomness import numpy_generator

NECK_PIVOT = np.array([0, -6.5, -1.8], F32)
TORSO_SWAY = 0.6
GRAIN = 0.006


@dataclass(frozen=True)
class Camera:
    """A picture of `size` (height, width) pixels that shows `view_cm` of height at the head's distance.

    `oversampling` renders that many times larger before the picture is reduced.
    """

    size: tuple[int, int]
    view_cm: float = 32.0
    center_y_cm: float = -2.0
    distance_cm: float = 75.0
    oversampling: float = 1.5

    @property
    def raster(self) -> tuple[int, int]:
        """Height and width of the oversampled picture."""
        return int(self.size[0] * self.oversampling), int(self.size[1] * self.oversampling)

    @property
    def pixels_per_cm(self) -> float:
        """Scale of the oversampled picture at the head's distance."""
        return self.raster[0] / self.view_cm

    @property
    def position(self) -> Array:
        """Where the camera stands, (3,)."""
        return np.array([0, self.center_y_cm, self.distance_cm], F32)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Positions (…, 2) in the oversampled picture, its corner at 0, and nearness (…), 20 / distance."""
        height, width = self.raster
        focal = self.pixels_per_cm * self.distance_cm
        distance = self.distance_cm - points[..., 2]
        x = width / 2 + focal * points[..., 0] / distance
        y = height / 2 - focal * (points[..., 1] - self.center_y_cm) / distance
        return np.stack([x, y], -1).astype(F32), (20 / distance).astype(F32)

    def to_pixels(self, positions: Array) -> Array:
        """Positions of the oversampled picture as pixels of the final one, pixel centres at integers."""
        return np.asarray(positions / F32(self.oversampling) - F32(0.5))

    def reduced(self, picture: Array) -> Array:
        """An oversampled picture at its final size."""
        if self.raster == self.size:
            return picture
        return np.asarray(cv2.resize(picture, self.size[::-1], interpolation=cv2.INTER_AREA))


@dataclass(frozen=True, eq=False)
class Pose:
    """How a performance holds the head: turned by `rotation` (3, 3) about the neck, moved by `shift` (3,)."""

    rotation: Array
    shift: Array

    def of_head(self, points: Array) -> Array:
        """Points (…, 3) that follow the head."""
        return np.asarray(rotated(points - NECK_PIVOT, self.rotation) + NECK_PIVOT + self.shift, dtype=F32)

    def of_torso(self, points: Array) -> Array:
        """Points (…, 3) that stay below and sway a little."""
        return np.asarray(points + self.shift * F32(TORSO_SWAY), dtype=F32)


def pose_of(performance: Performance) -> Pose:
    """The pose of one frame of acting."""
    angles = np.radians([performance.yaw_deg, -performance.pitch_deg, -performance.roll_deg])
    (sy, sp, sr), (cy, cp, cr) = np.sin(angles), np.cos(angles)
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    columns = rotated(rotated(yaw.T, pitch), roll)
    return Pose(columns.T.astype(F32), np.array([performance.x, performance.y, 0], F32))


def developed(linear: Array, *, seed: int, frame_index: int) -> Array:
    """RGB uint8 of a linear picture (H, W, 3): a soft shoulder, the sRGB curve, film grain of this frame."""
    exposed = linear * (1 + linear / 4.0) / (1 + linear * 0.62)
    encoded = np.where(exposed < 0.0031308, exposed * 12.92, 1.055 * np.maximum(exposed, 1e-5) ** (1 / 2.4) - 0.055)
    generator = numpy_generator(seed, "grain", frame_index)
    height, width = linear.shape[:2]
    grain = generator.standard_normal((height, width, 1), dtype=F32) * F32(GRAIN)
    grain = grain + generator.standard_normal((height, width, 3), dtype=F32) * F32(GRAIN / 2)
    return (np.clip(encoded + grain, 0, 1) * 255 + 0.5).astype(np.uint8)
