"""Performances: what an actor does in every frame, drawn from a seed.

A performance is made of independent streams (head, speech, blinks, gaze, moods), each with its own generator, so
that a change to one leaves the others as they were.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from understudy.randomness import numpy_generator

Curve = np.ndarray

SYLLABLES_PER_S = 2.9
BLINK_EVERY_S = 1.15
BLINK_KINDS = ("quick", "slow", "quick", "half", "quick")


@dataclass(frozen=True)
class Performance:
    """One frame of acting.

    Angles are degrees: yaw is positive when the nose points to the picture's right, pitch when it points up, roll
    when the head tilts clockwise in the picture. `x` and `y` move the head, in centimetres, y up. Gaze is
    −1…1: 30° sideways (positive: picture's right) and 22° up. The rest are muscle activations: 0 is at rest, 1 is a
    strong but natural pose; `jaw` 1 opens by 16°, `blink` 1 closes the lids.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    x: float = 0.0
    y: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    jaw: float = 0.0
    pucker: float = 0.0
    lip_down: float = 0.0
    lip_up: float = 0.0
    smile: float = 0.0
    squint: float = 0.0
    brow_up: float = 0.0
    frown: float = 0.0
    blink: float = 0.0


def performance(
    seed: int,
    num_frames: int,
    *,
    fps: float = 25.0,
    yaw_deg: float = 20.0,
    pitch_deg: float = 4.0,
    roll_deg: float = 2.5,
    openness: float = 1.0,
    cycle_s: float = 4.0,
) -> list[Performance]:
    """A speaking, looking, blinking head for `num_frames` frames, the same for the same arguments.

    `yaw_deg`, `pitch_deg` and `roll_deg` are the extremes, which are reached when the clip is longer than `cycle_s`,
    the time the head takes to look from one side to the other and back. `openness` scales how wide the mouth opens.
    """
    if num_frames < 1:
        return []
    time_s = np.arange(num_frames) / fps
    curves = {
        **_head(seed, time_s, yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg, cycle_s=cycle_s),
        **_speech(seed, time_s, openness=openness),
        **_moods(seed, time_s),
        **_gaze(seed, time_s),
        "blink": _blinks(seed, time_s),
    }
    curves["smile"] = curves["smile"] * (1 - 0.5 * curves["pucker"])
    curves["brow_up"] = curves["brow_up"] * (1 - 0.6 * curves["blink"])  # brows follow the lids down
    curves["squint"] = 0.35 * curves["smile"]
    names = [field.name for field in fields(Performance)]
    return [
        Performance(**{name: float(curves[name][index]) for name in names if name in curves})
        for index in range(num_frames)
    ]


def _head(
    seed: int, time_s: Curve, *, yaw_deg: float, pitch_deg: float, roll_deg: float, cycle_s: float
) -> dict[str, Curve]:
    def wander(name: str, period_s: float, amplitude: float) -> Curve:
        return amplitude * _wave(seed, name, time_s, period_s=period_s)

    return {
        "yaw_deg": wander("yaw", cycle_s, yaw_deg),
        "pitch_deg": wander("pitch", 2.7, pitch_deg),
        "roll_deg": wander("roll", 3.4, roll_deg),
        "x": wander("x", 5.0, 0.7),
        "y": wander("y", 3.1, 0.3),
    }


def _speech(seed: int, time_s: Curve, *, openness: float) -> dict[str, Curve]:
    """Syllables as smooth pulses in phrases with pauses: every vowel has its own opening, rounding and lip."""
    generator = numpy_generator(seed, "speech")
    jaw, pucker, lip_down, lip_up = (np.zeros_like(time_s) for _ in range(4))
    start_s, end_s = 0.15, float(time_s[-1])
    left_in_phrase = int(generator.integers(4, 9))
    while start_s < end_s:
        length_s = generator.uniform(0.8, 1.35) / SYLLABLES_PER_S
        pulse = _bump((time_s - start_s) / length_s)
        vowel = generator.uniform(0.25, 1.0)
        rounding = generator.uniform(0.0, 1.0) ** 2
        jaw += pulse * vowel * 0.95 * openness
        pucker += pulse * rounding * 0.55 * (1 - 0.5 * vowel)
        lip_down += pulse * (0.25 + 0.45 * vowel) * (1 - 0.4 * rounding)
        lip_up += pulse * (0.15 + 0.35 * vowel) * (1 - 0.7 * rounding)
        start_s += length_s * 0.92
        left_in_phrase -= 1
        if left_in_phrase == 0:
            start_s += generator.uniform(0.25, 0.7)
            left_in_phrase = int(generator.integers(4, 9))
    return {
        "jaw": np.clip(jaw, 0, 1.1),
        "pucker": np.clip(pucker, 0, 1),
        "lip_down": np.clip(lip_down, 0, 1),
        "lip_up": np.clip(lip_up, 0, 1),
    }


def _moods(seed: int, time_s: Curve) -> dict[str, Curve]:
    def mood(name: str, period_s: float, amplitude: float, threshold: float) -> Curve:
        wave = _wave(seed, name, time_s, period_s=period_s)
        return amplitude * np.clip((wave - threshold) / (1 - threshold), 0, 1)

    return {
        "smile": mood("smile", 4.2, 0.65, -0.25),
        "brow_up": mood("brow_up", 2.6, 0.75, 0.1),
        "frown": mood("frown", 3.7, 0.45, 0.4),
    }


def _gaze(seed: int, time_s: Curve) -> dict[str, Curve]:
    """Saccades: the eyes rest for a while, then jump within two frames."""
    generator = numpy_generator(seed, "gaze")
    gaze = np.zeros((2, len(time_s)))
    next_s = 0.0
    while next_s <= time_s[-1]:
        target = generator.uniform(-1, 1, 2) * (0.6, 0.35)
        gaze[:, time_s >= next_s] = target[:, None]
        next_s += generator.uniform(0.5, 1.3)
    kernel = np.array([0.2, 0.6, 0.2])
    smooth = [np.convolve(np.pad(row, 1, mode="edge"), kernel, "valid") for row in gaze]
    return {"gaze_x": smooth[0], "gaze_y": smooth[1]}


def _blinks(seed: int, time_s: Curve) -> Curve:
    """Quick blinks of six frames, slow ones of half a second, and half-closed looks that last."""
    generator = numpy_generator(seed, "blinks")
    lids = np.zeros_like(time_s)
    at_s, kind = generator.uniform(0.3, 0.7), 0
    order = generator.permutation(len(BLINK_KINDS))
    while at_s < time_s[-1]:
        shape = BLINK_SHAPES[BLINK_KINDS[order[kind % len(order)]]]
        lids = np.maximum(lids, shape(time_s - at_s))
        at_s += generator.uniform(0.75, 1.25) * BLINK_EVERY_S
        kind += 1
    return lids


def _plateau(offset_s: Curve, *, half_s: float, ramp_s: float, height: float) -> Curve:
    rise = np.clip((half_s + ramp_s - np.abs(offset_s)) / ramp_s, 0, 1)
    return height * rise * rise * (3 - 2 * rise)


BLINK_SHAPES: dict[str, Callable[[Curve], Curve]] = {
    "quick": lambda offset_s: _plateau(offset_s, half_s=0.035, ramp_s=0.10, height=1.0),
    "slow": lambda offset_s: _plateau(offset_s, half_s=0.13, ramp_s=0.20, height=1.0),
    "half": lambda offset_s: _plateau(offset_s, half_s=0.16, ramp_s=0.22, height=0.5),
}


def _bump(position: Curve) -> Curve:
    """One smooth pulse on 0…1, zero outside."""
    inside = np.clip(position, 0, 1)
    return np.sin(np.pi * inside) ** 2


def _wave(seed: int, name: str, time_s: Curve, *, period_s: float) -> Curve:
    """A wandering curve that reaches exactly −1 and 1 where the clip is long enough to show a whole cycle."""
    generator = numpy_generator(seed, name)
    curve = np.zeros_like(time_s)
    reference_s = np.arange(0, max(float(time_s[-1]), period_s) + 0.02, 0.02)
    reference = np.zeros_like(reference_s)
    for harmonic, weight in ((1.0, 1.0), (2.3, 0.35), (3.9, 0.12)):
        frequency = harmonic * generator.uniform(0.92, 1.08) / period_s
        phase = generator.uniform(0, 2 * np.pi)
        curve += weight * np.sin(2 * np.pi * frequency * time_s + phase)
        reference += weight * np.sin(2 * np.pi * frequency * reference_s + phase)
    lowest, highest = reference.min(), reference.max()
    return np.asarray(np.clip(2 * (curve - lowest) / (highest - lowest) - 1, -1, 1))
