"""Which matrix and range turn a clip's YCbCr codes into RGB, and why: obeyed tags, or a recorded choice.

Codes are those of ITU-T H.273. FFmpeg reads untagged files as BT.601, which for HD is off by up to 32 codes.
"""

from dataclasses import dataclass
from typing import Literal

from understudy.errors import FootageError

Matrix = Literal["bt709", "fcc", "bt601", "smpte240m", "bt2020", "rgb"]

HD_HEIGHT_PX = 720
LUMA_WEIGHTS: dict[Matrix, tuple[float, float]] = {
    "bt709": (0.2126, 0.0722),
    "fcc": (0.30, 0.11),
    "bt601": (0.299, 0.114),
    "smpte240m": (0.212, 0.087),
    "bt2020": (0.2627, 0.0593),
}
"""Weights of red and blue in luma (H.273, table 4)."""
H273_CODE: dict[Matrix, int] = {"rgb": 0, "bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "bt2020": 9}
_MATRIX_OF_CODE: dict[int, Matrix] = {
    0: "rgb",
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
}
_UNTAGGED = 2
_FULL_RANGE_TAG = 2


@dataclass(frozen=True)
class ColorReading:
    """How codes become RGB: the matrix, the range, and what each was chosen by."""

    matrix: Matrix
    matrix_from: str
    is_full_range: bool
    range_from: str


def choose_reading(*, matrix_tag: int, range_tag: int, pixel_format: str, height: int, where: str) -> ColorReading:
    """The reading for pictures with these H.273 tags; untagged ones are BT.709 from 720 lines on, else BT.601.

    `height` is the coded picture's. Raises FootageError for a matrix nobody here can read.
    """
    is_rgb = pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8"))
    if is_rgb:
        return ColorReading("rgb", f"pixel format {pixel_format}", True, f"pixel format {pixel_format}")
    matrix, matrix_from = _matrix(matrix_tag, height, where)
    if pixel_format.startswith("yuvj") or range_tag == _FULL_RANGE_TAG:
        return ColorReading(matrix, matrix_from, True, "tag" if range_tag == _FULL_RANGE_TAG else pixel_format)
    return ColorReading(matrix, matrix_from, False, "tag" if range_tag == 1 else "untagged, taken as limited")


def _matrix(tag: int, height: int, where: str) -> tuple[Matrix, str]:
    if tag == _UNTAGGED:
        if height >= HD_HEIGHT_PX:
            return "bt709", f"untagged, {height} lines: HD"
        return "bt601", f"untagged, {height} lines: SD"
    if tag not in _MATRIX_OF_CODE or tag == 0:
        raise FootageError(
            f"{where}: colour matrix {tag} (H.273) cannot be read, expected BT.709, BT.601, BT.2020, "
            "SMPTE 240M or FCC; convert the footage first"
        )
    return _MATRIX_OF_CODE[tag], "tag"
