"""Pictures side by side under their titles, as a still or as a short film."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from understudy.media.encoder import Encoding
from understudy.media.film import FilmFormat
from understudy.media.writer import write_film

BACKGROUND, INK = 24, 235
TITLE_SHARE = 0.08
"""Height of the title bar in heights of the pictures."""


def beside(pictures: Sequence[np.ndarray], *, titles: Sequence[str], height_px: int) -> np.ndarray:
    """One RGB uint8 picture of `pictures`, RGB uint8 (H, W, 3), from left to right, each under its title.

    All are resized to `height_px`; width and height of the result are even.
    """
    title_px = 2 * round(height_px * TITLE_SHARE / 2)
    columns = [
        np.vstack([_title(title, width_px=_width(picture, height_px), height_px=title_px), _fitted(picture, height_px)])
        for picture, title in zip(pictures, titles, strict=True)
    ]
    return np.hstack(columns)


def write_comparison(
    path: Path,
    rows: Iterable[Sequence[np.ndarray]],
    *,
    titles: Sequence[str],
    height_px: int,
    stamps: Sequence[int],
    last_duration: int,
    like: FilmFormat,
    encoding: Encoding,
    audio_from: Path | None,
) -> None:
    """A film of `rows`, the pictures of each moment, side by side under `titles`; the rest as in `write_film`."""
    write_film(
        path,
        (beside(row, titles=titles, height_px=height_px) for row in rows),
        stamps=stamps,
        last_duration=last_duration,
        like=replace(like, sample_aspect=Fraction(1)),
        encoding=encoding,
        audio_from=audio_from,
    )


def _fitted(picture: np.ndarray, height_px: int) -> np.ndarray:
    extent = (_width(picture, height_px), height_px)
    shrinks = height_px < picture.shape[0]
    return cv2.resize(picture, extent, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _width(picture: np.ndarray, height_px: int) -> int:
    return 2 * round(picture.shape[1] * height_px / picture.shape[0] / 2)


def _title(title: str, *, width_px: int, height_px: int) -> np.ndarray:
    bar = np.full((height_px, width_px, 3), BACKGROUND, np.uint8)
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, height_px / 44
    (width, height), _ = cv2.getTextSize(title, font, scale, 1)
    origin = ((width_px - width) // 2, (height_px + height) // 2)
    cv2.putText(bar, title, origin, font, scale, (INK, INK, INK), 1, cv2.LINE_AA)
    return bar
