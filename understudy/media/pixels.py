"""A decoded picture as upright RGB, the same on every CPU.

8-bit pictures go through swscale with the flags that disable its CPU-specific paths. Deeper ones are taken as native
planes and converted by the formulas of ITU-R BT.709/2020, since swscale's 16-bit outputs are biased by half a code.
"""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from understudy.errors import FootageError
from understudy.media.matrices import LUMA_WEIGHTS, ColorReading, Matrix

EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
COLORSPACES: dict[Matrix, int] = {
    "bt709": Colorspace.ITU709,
    "fcc": Colorspace.FCC,
    "bt601": Colorspace.ITU601,
    "smpte240m": Colorspace.SMPTE240M,
    "bt2020": Colorspace.BT2020,
    "rgb": Colorspace.DEFAULT,
}


@dataclass(frozen=True)
class Layout:
    """Where a deep pixel format keeps its samples: bits of one, and the chroma planes' reduction."""

    bits: int
    chroma_x: int
    chroma_y: int
    is_rgb: bool


def upright_rgb(frame: av.VideoFrame, reading: ColorReading, *, where: str) -> np.ndarray:
    """The picture as shown: RGB uint8 (H, W, 3), contiguous, the container's rotation applied.

    Raises FootageError for a pixel format or a display matrix that cannot be read.
    """
    image = _eight_bit(frame, reading) if _depth(frame) <= 8 else _deep(frame, reading, where=where)
    return np.ascontiguousarray(np.rot90(image, rotation_of(frame, where=where) // 90))


def rotation_of(frame: av.VideoFrame, *, where: str) -> int:
    """The counter-clockwise rotation in degrees that makes the picture upright: 0, 90, 180 or 270."""
    turn = int(frame.rotation) % 360
    if turn % 90:
        raise FootageError(f"{where}: turned by {turn} degrees, expected a multiple of 90; render it upright first")
    return turn


def refuse_mirrored(frame: av.VideoFrame, *, where: str) -> None:
    """Raise FootageError when the picture's display matrix mirrors it.

    Asked of one frame of a clip only: side data that was looked at keeps its frame alive until the next collection.
    """
    for side_data in frame.side_data:
        if side_data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(side_data, np.int32)[:5].astype(float)
            if a * d - b * c < 0:
                raise FootageError(f"{where}: shown mirrored by its display matrix; render it upright first")


def _depth(frame: av.VideoFrame) -> int:
    return max(component.bits for component in frame.format.components)


def _eight_bit(frame: av.VideoFrame, reading: ColorReading) -> np.ndarray:
    colors = {} if reading.matrix == "rgb" else {"src_colorspace": COLORSPACES[reading.matrix]}
    return frame.to_ndarray(
        format="rgb24",
        interpolation=EXACT,
        src_color_range=ColorRange.JPEG if reading.is_full_range else ColorRange.MPEG,
        threads=1,
        **colors,
    )


def _deep(frame: av.VideoFrame, reading: ColorReading, *, where: str) -> np.ndarray:
    layout = _layout(frame, where)
    planes = [_samples(plane) for plane in frame.planes[:3]]
    if layout.is_rgb:  # planes are green, blue, red
        codes = np.stack([planes[2], planes[0], planes[1]], axis=-1) * np.float32(255 / (2**layout.bits - 1))
        return _rounded(codes)
    luma, blue, red = planes
    blue, red = (
        _widened(_heightened(plane, luma.shape[0], layout.chroma_y), luma.shape[1], layout.chroma_x)
        for plane in (blue, red)
    )
    return rgb_from_codes(luma, blue, red, reading=reading, bits=layout.bits)


def rgb_from_codes(
    luma: np.ndarray, blue: np.ndarray, red: np.ndarray, *, reading: ColorReading, bits: int
) -> np.ndarray:
    """Y, Cb and Cr codes, float32 (H, W) each, as RGB uint8 (H, W, 3) by the formulas of BT.709 and BT.2020."""
    scale = 2 ** (bits - 8)
    black, luma_span, chroma_span = (
        (0, 2**bits - 1, 2**bits - 1) if reading.is_full_range else (16 * scale, 219 * scale, 224 * scale)
    )
    red_weight, blue_weight = LUMA_WEIGHTS[reading.matrix]
    y = (luma - np.float32(black)) * np.float32(255 / luma_span)
    pb = (blue - np.float32(128 * scale)) * np.float32(255 / chroma_span)
    pr = (red - np.float32(128 * scale)) * np.float32(255 / chroma_span)
    green_weight = 1 - red_weight - blue_weight
    green = (
        y
        - pb * np.float32(2 * blue_weight * (1 - blue_weight) / green_weight)
        - pr * np.float32(2 * red_weight * (1 - red_weight) / green_weight)
    )
    rgb = [y + pr * np.float32(2 - 2 * red_weight), green, y + pb * np.float32(2 - 2 * blue_weight)]
    return _rounded(np.stack(rgb, axis=-1))


def _layout(frame: av.VideoFrame, where: str) -> Layout:
    pixel_format = frame.format
    components = [part for part in pixel_format.components if not part.is_alpha]
    planes = [part.plane for part in components]
    if pixel_format.is_big_endian or sorted(planes) != [0, 1, 2] or "f" in pixel_format.name or _is_high(frame):
        raise FootageError(
            f"{where}: pixel format {pixel_format.name} cannot be read, expected 8 bits, or planar YUV or RGB "
            "of 9-16 bits; convert the footage first"
        )
    reduction = Fraction(components[0].width, components[1].width), Fraction(components[0].height, components[1].height)
    return Layout(components[0].bits, round(reduction[0]), round(reduction[1]), bool(pixel_format.is_rgb))


def _is_high(frame: av.VideoFrame) -> bool:
    """Whether samples sit in the high bits of their words, as in p010 or yuv444p10msb."""
    return bool(frame.format.name.startswith("p0") or "msb" in frame.format.name)


def _samples(plane: av.video.plane.VideoPlane) -> np.ndarray:
    words = np.frombuffer(plane, np.uint16).reshape(plane.height, plane.line_size // 2)
    return words[:, : plane.width].astype(np.float32)


def _widened(chroma: np.ndarray, width: int, factor: int) -> np.ndarray:
    """Chroma sited on every second luma column ("left", as all of MPEG-2, H.264, HEVC default), interpolated."""
    if factor == 1:
        return chroma
    following = np.concatenate([chroma[:, 1:], chroma[:, -1:]], axis=1)
    steps = [chroma + (following - chroma) * np.float32(step / factor) for step in range(factor)]
    return np.stack(steps, axis=-1).reshape(chroma.shape[0], -1)[:, :width]


def _heightened(chroma: np.ndarray, height: int, factor: int) -> np.ndarray:
    """Chroma sited halfway between two luma rows, interpolated."""
    if factor == 1:
        return chroma
    above = np.concatenate([chroma[:1], chroma[:-1]])
    below = np.concatenate([chroma[1:], chroma[-1:]])
    upper, lower = (
        chroma * np.float32(0.75) + above * np.float32(0.25),
        chroma * np.float32(0.75) + below * np.float32(0.25),
    )
    return np.stack([upper, lower], axis=1).reshape(-1, chroma.shape[1])[:height]


def _rounded(codes: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(codes + np.float32(0.5)), 0, 255).astype(np.uint8)
