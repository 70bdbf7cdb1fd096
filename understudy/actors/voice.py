"""Voices: a hum that follows the jaw, so that a drawn clip has a sound track which belongs to its picture."""

from collections.abc import Sequence

import numpy as np

from understudy.actors.footage import SAMPLE_RATE
from understudy.actors.performance import Performance
from understudy.randomness import numpy_generator

NUM_HARMONICS = 12


def hum(
    performances: Sequence[Performance], *, fps: float = 25.0, pitch_hz: float = 120.0, seed: int = 0
) -> np.ndarray:
    """Mono float32 samples, −1…1, as long as the performances: harmonics that swell as the jaw opens, and room noise.

    A wide mouth lets the high harmonics through and a rounded one takes them away, as in speech.
    """
    num_samples = round(len(performances) / fps * SAMPLE_RATE)
    time_s = np.arange(num_samples) / SAMPLE_RATE
    frame_s = (np.arange(len(performances)) + 0.5) / fps
    jaw = np.interp(time_s, frame_s, [one.jaw for one in performances])
    pucker = np.interp(time_s, frame_s, [one.pucker for one in performances])
    pitch = pitch_hz * (1 + 0.06 * np.sin(2 * np.pi * 0.45 * time_s) + 0.05 * jaw)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    brightness = np.clip(0.35 + 0.4 * jaw - 0.3 * pucker, 0.1, 0.8)
    voice = sum(brightness**number * np.sin((number + 1) * phase) for number in range(NUM_HARMONICS))
    noise = numpy_generator(seed, "room noise").standard_normal(num_samples)
    return np.asarray(0.22 * np.sqrt(np.clip(jaw, 0, 1)) * voice + 0.002 * noise, dtype=np.float32)
