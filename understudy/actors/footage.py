"""Footage files of drawn clips: H.264 with the tags of BT.709 and AAC sound, the same bytes on every machine."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from understudy.files import replacing

Image = np.ndarray
Samples = np.ndarray

SAMPLE_RATE = 48_000
SOUND_BITS_PER_S = 96_000
BT709 = 1
LIMITED_RANGE = 1
X264_PARAMS = "threads=4:lookahead-threads=1:sliced-threads=0:cpu-independent=1"
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT


def write_clip(
    path: Path, frames: Iterable[Image], *, fps: int = 25, audio: Samples | None = None, crf: float = 18
) -> None:
    """An mp4 at `path` that holds `frames`, in BT.709 limited range, and `audio` when it is given.

    Frames are (H, W, 3) RGB uint8 with even sides, all of one size; `audio` is mono float, −1…1, at `SAMPLE_RATE`.
    The same frames give the same bytes, whatever the number of cores.
    """
    stream_of_frames = iter(frames)
    first = next(stream_of_frames)
    options = {"fflags": "+bitexact", "movie_timescale": str(SAMPLE_RATE)}
    with replacing(path) as temporary, av.open(str(temporary), "w", container_options=options) as container:
        video = _add_video(container, size=first.shape[:2], fps=fps, crf=crf)
        sound = None if audio is None else _add_sound(container)
        for index, image in enumerate(chain([first], stream_of_frames)):
            container.mux(video.encode(_video_frame(image, index=index, fps=fps)))
        container.mux(video.encode())
        if sound is not None and audio is not None:
            for block in _sound_frames(audio):
                container.mux(sound.encode(block))
            container.mux(sound.encode())


def _add_video(
    container: av.container.OutputContainer, *, size: tuple[int, ...], fps: int, crf: float
) -> av.VideoStream:
    options = {"crf": str(crf), "preset": "slow", "x264-params": X264_PARAMS}
    stream = container.add_stream("libx264", rate=fps, options=options)
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, fps)
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED_RANGE
    return stream


def _add_sound(container: av.container.OutputContainer) -> av.AudioStream:
    stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
    stream.bit_rate = SOUND_BITS_PER_S
    stream.codec_context.flags |= av.codec.context.Flags.bitexact
    return stream


def _video_frame(image: Image, *, index: int, fps: int) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    frame = rgb.reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=EXACT,
        threads=1,
    )
    frame.pts, frame.time_base = index, Fraction(1, fps)
    return frame


def _sound_frames(audio: Samples, *, block: int = 1024) -> Iterator[av.AudioFrame]:
    for start in range(0, len(audio), block):
        samples = np.ascontiguousarray(audio[start : start + block], dtype=np.float32)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        yield frame
