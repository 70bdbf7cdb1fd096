"""PNG in memory, for pixels that live in a Parquet column: lossless, and the same bytes every time."""

import cv2
import numpy as np

from understudy.errors import TableError

_COMPRESSION = (cv2.IMWRITE_PNG_COMPRESSION, 6)


def encode_png(image: np.ndarray) -> bytes:
    """An RGB (H, W, 3) or grey (H, W) uint8 image as PNG bytes."""
    ordered = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    done, buffer = cv2.imencode(".png", ordered, _COMPRESSION)
    if not done:
        raise TableError(f"an image of shape {image.shape} and type {image.dtype} cannot be a PNG")
    return bytes(buffer)


def decode_png(content: bytes) -> np.ndarray:
    """PNG bytes as an RGB (H, W, 3) or grey (H, W) uint8 image. Raises TableError when they are damaged."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise TableError("a picture inside a table is damaged; delete the table and run its stage again")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if image.ndim == 3 else image
