"""Tiny clips for the tests of media, drawn and encoded on the spot."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 64, 48
TICKS = Fraction(1, 90000)


def draw_picture(index: int, *, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> np.ndarray:
    """A smooth coloured texture that drifts with `index`; every `seed` is another scene."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(float)
    waves = generator.uniform(0.05, 0.35, (3, 2)), generator.uniform(0, 6, 3)
    channels = [
        128 + 100 * np.sin(wave @ [x.ravel() + index, y.ravel()] + phase) for wave, phase in zip(*waves, strict=True)
    ]
    picture = np.stack(channels, axis=-1).reshape(height, width, 3).astype(np.uint8)
    picture[:6, :6] = index % 256
    return picture


def draw_pictures(number: int, **options) -> list[np.ndarray]:
    return [draw_picture(index, **options) for index in range(number)]


def write_clip(
    path: Path,
    pictures: Sequence[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    stamps: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    options: dict[str, str] | None = None,
    tags: tuple[int, int, int, int] = (2, 0, 2, 2),
    matrix: int = 5,
    range_: int = 1,
    rotation: int | None = None,
    mirrored: bool = False,
    aspect: Fraction | None = None,
    sound: Sequence[str] = (),
    container_options: dict[str, str] | None = None,
    raw: bool = False,
) -> Path:
    """A clip whose codes are made with the BT `matrix` (1: 709, 5: 601) and `range_` and tagged as `tags` say.

    With `raw`, pictures are arrays in `pixel_format` itself.
    """
    stamps = stamps or range(len(pictures))
    fast = {"preset": "ultrafast", "crf": "12", "g": "10", "bf": "2"} if codec == "libx264" else {}
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=25, options=fast | (options or {}))
        context = stream.codec_context
        first = to_frame(pictures[0], pixel_format, matrix, range_, raw)
        context.width, context.height, context.pix_fmt = first.width, first.height, pixel_format
        context.time_base = time_base
        context.thread_count = 1
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = tags
        if aspect:
            context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        tracks = [add_sound(container, name) for name in sound]
        for picture, stamp in zip(pictures, stamps, strict=True):
            frame = to_frame(picture, pixel_format, matrix, range_, raw)
            frame.pts, frame.time_base = stamp, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for number, track in enumerate(tracks):
            write_sound(container, track, number=number, seconds=len(pictures) / 25)
    return path


def to_frame(picture: np.ndarray, pixel_format: str, matrix: int, range_: int, raw: bool) -> av.VideoFrame:
    if raw:
        return av.VideoFrame.from_ndarray(picture, pixel_format)
    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    exact = 0x4 | 0x40000 | 0x2000 | 0x80000
    return frame.reformat(format=pixel_format, dst_colorspace=matrix, dst_color_range=range_, interpolation=exact)


def add_sound(container, codec: str):
    stream = container.add_stream(codec, rate=48000, layout="stereo")
    stream.metadata["language"] = ["eng", "fra", "ita"][len(container.streams.audio) - 1]
    return stream


def write_sound(container, stream, *, number: int, seconds: float) -> None:
    sample_format = stream.codec_context.format.name
    planar = sample_format.endswith("p")
    kind = {"s16": np.int16, "flt": np.float32, "s32": np.int32, "u8": np.uint8}[sample_format.rstrip("p")]
    block = stream.codec_context.frame_size or 1024
    for start in range(0, round(seconds * 48000), block):
        time = np.arange(start, start + block) / 48000
        wave = 0.3 * np.sin(time * 2 * np.pi * (220 + 110 * number))
        scale = 1 if kind is np.float32 else 100 if kind is np.uint8 else np.iinfo(kind).max * 0.9
        values = (wave * scale + (128 if kind is np.uint8 else 0)).astype(kind)
        shaped = np.stack([values, values]) if planar else np.repeat(values, 2)[None]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(shaped), format=sample_format, layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def frames_settings(**changes):
    from stages.frames import Settings

    values = {"cut": 0.4, "stills_rate": "25", "damage": "refuse", "interlaced": "refuse"}
    return Settings.model_validate(values | changes)
