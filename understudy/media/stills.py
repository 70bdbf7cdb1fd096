"""Folders of stills: which pictures they hold, in natural order, and each one as upright RGB."""

import re
from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813  (as its own documentation does)

from understudy.errors import FootageError

SUFFIXES = (".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_TURNS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True), 5: (90, True), 6: (270, False)} | {
    7: (270, True),
    8: (90, False),
}
"""EXIF orientation as the counter-clockwise rotation that makes it upright, and whether to mirror first."""


def still_paths(folder: Path) -> list[Path]:
    """The pictures in `folder` in natural order (2 before 10). Raises FootageError when there are none."""
    paths = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    if not paths:
        raise FootageError(f"{folder}: a folder without stills, expected {', '.join(SUFFIXES)}; put pictures there")
    return sorted(paths, key=lambda path: (_natural(path.name), path.name))


def read_still(path: Path) -> tuple[np.ndarray, int]:
    """The picture at `path` as shown, RGB uint8 (H, W, 3), and the counter-clockwise rotation that was applied.

    Grey becomes three equal channels, 16 bits are rounded to 8; transparency is dropped, a colour profile not applied.
    Raises FootageError when the file is damaged, holds several pictures or floating-point ones.
    """
    configuration = oiio.ImageSpec()
    configuration["oiio:UnassociatedAlpha"] = 1
    source = oiio.ImageInput.open(str(path), configuration)
    if source is None:
        raise FootageError(f"{path}: not a picture that can be read ({_last_error(oiio.geterror())}); is it complete?")
    try:
        return _read(source, path)
    finally:
        source.close()


def _read(source: oiio.ImageInput, path: Path) -> tuple[np.ndarray, int]:
    spec = source.spec()
    if spec.width <= 0 or spec.height <= 0 or spec.depth > 1:
        raise FootageError(f"{path}: {spec.width}x{spec.height}x{spec.depth} pixels, expected a flat picture")
    if str(spec.format) not in ("uint8", "uint16"):
        raise FootageError(f"{path}: samples are {spec.format}, expected 8 or 16 bits; convert it first")
    pixels = source.read_image(str(spec.format))
    if pixels is None or source.has_error:
        raise FootageError(f"{path}: the picture is damaged ({_last_error(source.geterror())}); copy it again")
    if source.seek_subimage(1, 0):
        raise FootageError(f"{path}: holds several pictures, expected one; export them as one file each")
    turn, is_mirrored = _TURNS.get(int(spec.get_int_attribute("Orientation", 1)), (0, False))
    return _upright(_rgb(np.asarray(pixels), path), turn, is_mirrored=is_mirrored), turn


def _rgb(pixels: np.ndarray, path: Path) -> np.ndarray:
    channels = pixels.reshape(*pixels.shape[:2], -1)
    if channels.shape[2] not in (1, 2, 3, 4):
        raise FootageError(f"{path}: {channels.shape[2]} channels, expected grey or RGB; convert it first")
    color = channels[..., :3] if channels.shape[2] >= 3 else np.repeat(channels[..., :1], 3, axis=2)
    if color.dtype == np.uint16:
        return ((color.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return color


def _upright(image: np.ndarray, turn: int, *, is_mirrored: bool) -> np.ndarray:
    return np.ascontiguousarray(np.rot90(image[:, ::-1] if is_mirrored else image, turn // 90))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _last_error(message: str) -> str:
    return " ".join(message.split())[-160:] or "no reason given"
