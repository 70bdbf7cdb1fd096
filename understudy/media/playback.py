"""Films that were made here, played back: every picture in order, as the reader would read them."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from understudy.errors import FootageError
from understudy.media.matrices import choose_reading
from understudy.media.pixels import upright_rgb
from understudy.media.probe import opened_video


def play_film(path: Path) -> Iterator[np.ndarray]:
    """Every picture of a film, RGB uint8 (H, W, 3), upright, in the order they are shown.

    Raises FootageError where one cannot be decoded: a film of ours is whole or damaged.
    """
    with opened_video(path) as (container, stream):
        try:
            for picture in container.decode(stream):
                reading = choose_reading(
                    matrix_tag=int(picture.colorspace),
                    range_tag=int(picture.color_range),
                    pixel_format=picture.format.name,
                    height=picture.height,
                    where=str(path),
                )
                yield upright_rgb(picture, reading, where=str(path))
        except av.error.FFmpegError as error:
            raise FootageError(f"{path}: damaged ({error.strerror}); make it again") from error
