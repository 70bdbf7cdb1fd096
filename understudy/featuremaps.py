"""Feature maps, codes and pictures as rows of a sheet, with their names, shapes and ranges."""

from collections.abc import Mapping

import cv2
import numpy as np

from understudy.activations import Stage
from understudy.curves import BACKGROUND, FAINT, INK, write

WIDTH_PX = 1600
MARGIN_PX = 16
TILE_PX, GAP_PX = 92, 6
SHOWN = 16  # channels of a stage
LABEL_PX, CAPTION_PX = 24, 15
PICTURE_PX = 256
INNER_PX = WIDTH_PX - 2 * MARGIN_PX
SMALL = 0.34  # of the letters below tiles


def stage_row(stage: Stage) -> np.ndarray:
    """One stage as an RGB uint8 row: the channels that vary most, or all values of a code, each from dark to bright."""
    values = stage.values.double().numpy()
    if values.ndim == 1:
        low, high = float(values.min()), float(values.max())
        about = f"a code of {len(values)} values, {low:.3g} to {high:.3g}"
        return np.vstack([_bar(stage.name, about), _strip(_code(values))])
    channels, height, width = values.shape
    shown = strongest(values)
    few = "" if len(shown) == channels else f"; the {len(shown)} that vary most, number and range below"
    about = f"{channels} {'map' if channels == 1 else 'maps'} of {width} x {height}{few}"
    tiles = [_tile(_colored(each), f"{index}:", each) for index, each in ((index, values[index]) for index in shown)]
    if _is_picture(values):
        tiles.insert(0, _tile(np.rint(values.transpose(1, 2, 0) * 255).astype(np.uint8), "RGB:", values))
    return np.vstack([_bar(stage.name, about), _strip(np.hstack(tiles))])


def strongest(values_CHW: np.ndarray) -> list[int]:
    """All channels, or of more than SHOWN those with the largest standard deviations, the largest first."""
    if len(values_CHW) <= SHOWN:
        return list(range(len(values_CHW)))
    deviations = values_CHW.reshape(len(values_CHW), -1).std(1)
    return np.argsort(-deviations, kind="stable")[:SHOWN].tolist()


def picture_row(pictures: Mapping[str, np.ndarray]) -> np.ndarray:
    """RGB (H, W, 3) or grey (H, W) uint8 pictures beside each other, each under its name."""
    tiles = []
    for name, picture in pictures.items():
        rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        bar = _empty(LABEL_PX, PICTURE_PX + GAP_PX)
        write(bar, name, (0, 17), INK)
        tiles.append(np.vstack([bar, _framed(_resized(rgb, PICTURE_PX, PICTURE_PX))]))
    return _strip(np.hstack(tiles))


def title_row(text: str) -> np.ndarray:
    """A line of text above what it is about, with a rule over it."""
    bar = _empty(44, WIDTH_PX)
    cv2.line(bar, (MARGIN_PX, 10), (WIDTH_PX - MARGIN_PX, 10), FAINT, 1)
    write(bar, text, (MARGIN_PX, 34), INK, scale=0.55)
    return bar


def _bar(name: str, about: str) -> np.ndarray:
    bar = _empty(LABEL_PX, WIDTH_PX)
    write(bar, about, (write(bar, name, (MARGIN_PX, 17), INK) + 14, 17), FAINT)
    return bar


def _is_picture(values_CHW: np.ndarray) -> bool:
    return len(values_CHW) == 3 and bool(values_CHW.min() >= 0 and values_CHW.max() <= 1)


def _tile(drawn: np.ndarray, name: str, values: np.ndarray) -> np.ndarray:
    """A drawn RGB picture within TILE_PX, above its name and the range of its values."""
    scale = TILE_PX / max(drawn.shape[:2])
    height, width = (max(round(length * scale), 1) for length in drawn.shape[:2])
    drawn, missing = _resized(drawn, height, width), TILE_PX - width
    caption = _empty(CAPTION_PX, TILE_PX + GAP_PX)
    x = write(caption, name, (0, 11), FAINT, scale=SMALL)
    write(caption, f"{values.min():.2g} to {values.max():.2g}", (x + 4, 11), FAINT, scale=SMALL)
    wide = cv2.copyMakeBorder(drawn, 0, 0, 0, missing, cv2.BORDER_CONSTANT, value=BACKGROUND)
    return np.vstack([_framed(wide), caption])


def _code(values_N: np.ndarray) -> np.ndarray:
    """All values in reading order, in cells as large as TILE_PX of height lets them be."""
    side = next((side for side in range(16, 1, -1) if -(-len(values_N) // (INNER_PX // side)) * side <= TILE_PX), 1)
    across = min(INNER_PX // side, len(values_N))
    cells = _colored(values_N[None])
    empty = -len(values_N) % across
    padded = cv2.copyMakeBorder(cells, 0, 0, 0, empty, cv2.BORDER_CONSTANT, value=BACKGROUND)
    return np.kron(padded.reshape(-1, across, 3), np.ones((side, side, 1), np.uint8))


def _colored(values: np.ndarray) -> np.ndarray:
    """Values (H, W) as RGB, the smallest dark and the largest bright; dark where all are one."""
    low, high = values.min(), values.max()
    grey = np.rint((values - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)


def _resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    mode = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_NEAREST
    return cv2.resize(picture, (width, height), interpolation=mode)


def _framed(tile: np.ndarray) -> np.ndarray:
    return cv2.copyMakeBorder(tile, 0, GAP_PX // 2, 0, GAP_PX, cv2.BORDER_CONSTANT, value=BACKGROUND)


def _strip(content: np.ndarray) -> np.ndarray:
    """The content within the margins of the sheet."""
    row = _empty(content.shape[0] + GAP_PX, WIDTH_PX)
    width = min(content.shape[1], WIDTH_PX - MARGIN_PX)
    row[: content.shape[0], MARGIN_PX : MARGIN_PX + width] = content[:, :width]
    return row


def _empty(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), BACKGROUND, np.uint8)
