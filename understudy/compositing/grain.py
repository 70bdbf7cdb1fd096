"""Grain: how fine noise is measured in skin, and added where a painted face is smoother than its frame.

Noise is what a small blur takes away, measured robustly in small blocks of skin: the quieter blocks tell the grain, the
others also hold texture. In coded values (0-1), where film and sensor noise is most even.
"""

import cv2
import numpy as np

from understudy.randomness import numpy_generator

BLUR_PX = 1.2  # standard deviation of the blur that separates noise from picture
BLOCK_PX = 8  # side of the blocks
QUIET = 0.3  # the quantile of the blocks that is taken for grain
MINIMUM_BLOCKS = 4


def measure_grain(coded: np.ndarray, skin: np.ndarray) -> float:
    """The standard deviation of the fine noise of green in a coded picture (H, W, 3) 0-1 where `skin` (H, W) is set.

    0.0 when there is too little skin to tell.
    """
    residual = _residual(np.ascontiguousarray(coded[..., 1], dtype=np.float32))
    height, width = (extent - extent % BLOCK_PX for extent in skin.shape)
    if not height or not width:
        return 0.0
    blocks = _blocks(residual[:height, :width])
    whole = _blocks(skin[:height, :width]).all(-1)
    if whole.sum() < MINIMUM_BLOCKS:
        return 0.0
    deviations = 1.4826 * np.median(np.abs(blocks[whole]), axis=-1)
    return float(np.quantile(deviations, QUIET)) / _SHARE_OF_WHITE_NOISE


def add_grain(coded: np.ndarray, *, deviation: float, seed: int, clip: str, frame: int, face: int) -> np.ndarray:
    """`coded` (H, W, 3) with white noise of that standard deviation, alike in all channels, drawn for this face."""
    if deviation <= 0:
        return coded
    generator = numpy_generator(seed, f"grain {clip} {face}", frame)
    noise = generator.standard_normal(coded.shape[:2], dtype=np.float32) * np.float32(deviation)
    return coded + noise[..., None]


def _residual(channel: np.ndarray) -> np.ndarray:
    return channel - cv2.GaussianBlur(channel, (0, 0), BLUR_PX)


def _blocks(image: np.ndarray) -> np.ndarray:
    """(H, W) as (H / B, W / B, B * B)."""
    rows, columns = image.shape[0] // BLOCK_PX, image.shape[1] // BLOCK_PX
    return image.reshape(rows, BLOCK_PX, columns, BLOCK_PX).swapaxes(1, 2).reshape(rows, columns, -1)


def _share_of_white_noise() -> float:
    """The standard deviation that the residual of white noise of standard deviation 1 has."""
    impulse = np.zeros((31, 31), np.float32)
    impulse[15, 15] = 1
    return float(np.sqrt((_residual(impulse) ** 2).sum()))


_SHARE_OF_WHITE_NOISE = _share_of_white_noise()
