"""The sample project's footage: who acts in it, how it is lit, and how it becomes files."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from understudy.actors import cast
from understudy.actors.clip import Rendered, render_frame, write_clip
from understudy.actors.curves import Array
from understudy.actors.lighting import Light, lamps, room
from understudy.actors.performance import Performance, performance
from understudy.actors.voice import hum
from understudy.files import replacing
from understudy.tables import TRUTH, table_of_rows, write_table

FPS = 25
TRUE_SWAP_CRF = 16.5
TRUE_SWAP_TONE = 1.0
PORTRAIT_PX = 400
ROWS_PER_TASK = 8

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Take:
    """One clip: the actor, what they do, where the key lamp stands, which room is behind them, how they sound.

    `yaw_deg`, `pitch_deg` and `openness` go to `performance`; `first_frame` leaves out the performance's beginning.
    """

    name: cast.Name
    seed: int
    num_frames: int
    size: tuple[int, int]
    yaw_deg: float
    pitch_deg: float
    openness: float
    key_azimuth_deg: float
    room_seed: int
    pitch_hz: float
    crf: float
    first_frame: int = 0

    @property
    def performances(self) -> list[Performance]:
        """What the actor does, frame by frame."""
        everything = performance(
            self.seed,
            self.first_frame + self.num_frames,
            fps=FPS,
            yaw_deg=self.yaw_deg,
            pitch_deg=self.pitch_deg,
            openness=self.openness,
        )
        return everything[self.first_frame :]


# Ada looks further to the sides, nods more and opens her mouth wider than Bo, so that her clip covers his.
SAMPLE = (
    Take("ada", 101, 225, (480, 480), 24.0, 5.5, 0.85, -35.0, 5, 205.0, 18.0),
    Take("bo", 202, 225, (480, 480), 17.0, 3.5, 0.75, -30.0, 8, 112.0, 18.0),
)
TINY = (
    Take("ada", 101, 56, (288, 288), 16.0, 4.0, 0.85, -35.0, 5, 205.0, 22.0, first_frame=6),
    Take("bo", 202, 56, (288, 288), 11.0, 3.0, 0.75, -30.0, 8, 112.0, 22.0, first_frame=6),
)
PORTRAIT = Performance(yaw_deg=4.0, pitch_deg=-1.0, smile=0.3)


def draw_sample(root: Path, *, num_processes: int, say: Progress) -> None:
    """The sample project's clips, truth, true swap of bo as ada, and reference pictures, below `root`."""
    for take in SAMPLE:
        say(f"{take.name}: drawing {take.num_frames} frames")
        frames = list(rendered(take, take.name, num_processes=num_processes))
        _write_footage(root / "data/raw" / f"{take.name}.mp4", take, frames)
        _write_truth(root / "data/raw/truth" / f"{take.name}.parquet", take, frames, has_swap=take.name == "bo")
        _write_portrait(root / "people" / f"{take.name}.png", take, size=PORTRAIT_PX)
    bo = SAMPLE[1]
    say(f"bo: drawing the true swap, ada's face on bo's head, {bo.num_frames} frames")
    swap = [one.image for one in rendered(bo, "ada", num_processes=num_processes)]
    write_clip(root / "data/raw/truth/bo.ada-for-bo.mp4", swap, fps=FPS, crf=TRUE_SWAP_CRF)


def draw_tiny(root: Path, *, num_processes: int, say: Progress) -> None:
    """The tests' tiny project: two short, small clips and their reference pictures, below `root`."""
    for take in TINY:
        say(f"tiny {take.name}: drawing {take.num_frames} frames")
        frames = list(rendered(take, take.name, num_processes=num_processes))
        _write_footage(root / "data/raw" / f"{take.name}.mp4", take, frames)
        _write_portrait(root / "people" / f"{take.name}.png", take, size=take.size[0])


def rendered(take: Take, likeness: cast.Name, *, num_processes: int) -> Iterator[Rendered]:
    """The frames of a take with somebody's face on the performer's head (their own: the take as it is)."""
    draw = partial(rendered_frame, take, likeness)
    with ProcessPoolExecutor(num_processes, mp_context=get_context("spawn"), initializer=_use_one_thread) as pool:
        yield from pool.map(draw, range(take.num_frames), chunksize=ROWS_PER_TASK)


def rendered_frame(take: Take, likeness: cast.Name, frame_index: int) -> Rendered:
    """One frame of a take, as `rendered` gives it."""
    actor = cast.actor(take.name) if likeness == take.name else cast.hybrid(take.name, likeness, TRUE_SWAP_TONE)
    return render_frame(
        actor,
        _performances(take)[frame_index],
        size=take.size,
        light=_light(take),
        background=_room(take),
        frame_index=frame_index,
    )


def drawn_portrait(take: Take, *, size: int) -> Rendered:
    """The reference picture of a take's actor, `size` pixels square: another light, room and moment than the clip."""
    return render_frame(
        cast.actor(take.name),
        PORTRAIT,
        size=(size, size),
        light=lamps(-25.0, elevation_deg=25.0, fill=0.4),
        background=room(take.room_seed + 100, size=(size, size), warmth=0.5),
    )


def pixels_sha256(image: Array) -> str:
    """SHA-256 of an image's shape and RGB bytes, as 64 hexadecimal digits."""
    height, width = image.shape[:2]
    return hashlib.sha256(f"{width}x{height}".encode() + np.ascontiguousarray(image).tobytes()).hexdigest()


@cache
def _performances(take: Take) -> list[Performance]:
    return take.performances


@cache
def _light(take: Take) -> Light:
    return lamps(take.key_azimuth_deg)


@cache
def _room(take: Take) -> Array:
    return room(take.room_seed, size=take.size, warmth=0.5)


def _use_one_thread() -> None:
    cv2.setNumThreads(1)


def _write_footage(path: Path, take: Take, frames: Sequence[Rendered]) -> None:
    sound = hum(take.performances, fps=FPS, pitch_hz=take.pitch_hz, seed=take.seed)
    write_clip(path, [one.image for one in frames], fps=FPS, audio=sound, crf=take.crf)


def _write_truth(path: Path, take: Take, frames: Sequence[Rendered], *, has_swap: bool) -> None:
    rows = [
        {
            "clip": take.name,
            "frame": index,
            "yaw_deg": acting.yaw_deg,
            "pitch_deg": acting.pitch_deg,
            "roll_deg": acting.roll_deg,
            "mouth_opening": frame.mouth_opening,
            "eye_opening": frame.eye_opening,
            "gaze_x": acting.gaze_x,
            "gaze_y": acting.gaze_y,
            "points": frame.points.ravel().tolist(),
            "true_swap_frame": index if has_swap else None,
            "drawn_sha256": pixels_sha256(frame.image),
        }
        for index, (acting, frame) in enumerate(zip(take.performances, frames, strict=True))
    ]
    write_table(path, table_of_rows(TRUTH, rows), TRUTH)


def _write_portrait(path: Path, take: Take, *, size: int) -> None:
    portrait = drawn_portrait(take, size=size)
    with replacing(path) as temporary:
        cv2.imwrite(str(temporary), cv2.cvtColor(portrait.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
