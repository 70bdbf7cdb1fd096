"""A crowd to learn faces from before anybody in particular: the cast without the sample's two, and people of chance."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from understudy.actors.cast import DESIGNS
from understudy.actors.clip import Rendered, render_frame
from understudy.actors.design import Design, Eyes, Hair, Rgb, Skin
from understudy.actors.hair import STYLES
from understudy.actors.identity import IDENTITY_FIELDS
from understudy.actors.lighting import Light, lamps, room
from understudy.actors.performance import performance
from understudy.actors.person import built
from understudy.actors.sample import SAMPLE
from understudy.facesets import cut_face
from understudy.geometry import estimate_pose
from understudy.images import encode_png
from understudy.landmarking import sharpness
from understudy.randomness import derived_seed, numpy_generator
from understudy.tables import CROPS, table_of_rows, write_table

Row = dict[str, Any]  # one face: values of several kinds by column name
Progress = Callable[[str], None]

PICTURE_PX = 192
VIEW_CM = 28.0  # the eyes are as far apart as in the crop, so that no pixel is drawn in vain
FPS = 5.0  # a look at somebody now and then, not a film
HELD_OUT_EVERY = 12  # of the people, the last one first
IRISES: tuple[Rgb, ...] = ((0.03, 0.015, 0.008), (0.06, 0.03, 0.012), (0.10, 0.16, 0.07), (0.07, 0.14, 0.26))
HAIR_COLORS: tuple[Rgb, ...] = (
    (0.007, 0.005, 0.004),
    (0.05, 0.025, 0.012),
    (0.17, 0.058, 0.02),
    (0.30, 0.19, 0.08),
    (0.26, 0.25, 0.24),
)


@dataclass(frozen=True)
class Member:
    """One of a crowd: a name for the tables' clip, and who they are."""

    name: str
    design: Design


def drawn_by_lot(seed: int, index: int) -> Design:
    """The `index`-th person that chance makes of `seed`: any shape, skin, hair and eyes that go together."""
    generator = numpy_generator(seed, "person", index)
    is_bearded = generator.random() < 0.3
    return Design(
        seed=derived_seed(seed, "design", index),
        skin=_skin(generator, is_bearded=is_bearded),
        eyes=Eyes(
            iris=_mixed(generator, IRISES), open=generator.uniform(0.85, 1.1), tilt=float(generator.normal(0.5, 0.5))
        ),
        hair=_hair(generator, is_bearded=is_bearded),
        cloth=_rgb(generator.uniform(0.02, 0.22, 3)),
        ear_size=generator.uniform(0.9, 1.1),
        ear_flare=generator.uniform(0.8, 1.2),
        shoulders=generator.uniform(0.84, 1.06),
        shape={name: float(np.clip(generator.normal(0, 0.8), -1.8, 1.8)) for name in IDENTITY_FIELDS},
    )


def members(number: int, *, seed: int) -> list[Member]:
    """The cast without those who act in the sample project, and `number` people of chance."""
    acting = {take.name for take in SAMPLE}
    by_hand = [Member(name, design) for name, design in DESIGNS.items() if name not in acting]
    return by_hand + [Member(f"lot_{index:03}", drawn_by_lot(seed, index)) for index in range(number)]


def draw_crowd(
    path: Path, crowd: list[Member], *, num_frames: int, seed: int, num_processes: int, say: Progress
) -> None:
    """A crops table at `path` with `num_frames` faces of everybody, by their true landmarks.

    Everybody is a clip of the table. Every twelfth person is held out for validation, and nobody for tests.
    """
    rows: list[Row] = []
    draw = partial(face_rows, num_frames=num_frames, seed=seed)
    with ProcessPoolExecutor(num_processes, mp_context=get_context("spawn"), initializer=_use_one_thread) as pool:
        for index, faces in enumerate(pool.map(draw, crowd)):
            is_held_out = (len(crowd) - 1 - index) % HELD_OUT_EVERY == 0
            rows += [face | {"split": "validation" if is_held_out else "train"} for face in faces]
            say(f"drew {crowd[index].name}, {index + 1} of {len(crowd)}")
    write_table(path, table_of_rows(CROPS, rows, {"drawn_seed": str(seed)}), CROPS)


def face_rows(member: Member, *, num_frames: int, seed: int) -> list[Row]:
    """The rows of one person in a crops table, but for the split."""
    pictures = enumerate(drawn_frames(member, num_frames=num_frames, seed=seed))
    return [_row(member.name, index, picture) for index, picture in pictures]


def drawn_frames(member: Member, *, num_frames: int, seed: int) -> Iterator[Rendered]:
    """Pictures of one person who looks about and speaks, in a light and a room of their own."""
    generator = numpy_generator(seed, f"scene {member.name}")
    actor = built(member.design)
    light, size = _light(generator), (PICTURE_PX, PICTURE_PX)
    background = room(int(generator.integers(1 << 31)), size=size, warmth=generator.uniform(0, 1))
    acting = performance(
        derived_seed(seed, f"performance {member.name}"),
        num_frames,
        fps=FPS,
        yaw_deg=generator.uniform(16, 30),
        pitch_deg=generator.uniform(4, 10),
        openness=generator.uniform(0.7, 1.0),
    )
    for index, moment in enumerate(acting):
        yield render_frame(
            actor, moment, size=size, light=light, background=background, frame_index=index, view_cm=VIEW_CM
        )


def _row(name: str, index: int, picture: Rendered) -> Row:
    cut, pose = cut_face(picture.image, picture.points), estimate_pose(picture.points)
    return {
        "clip": name,
        "frame": index,
        "face": 0,
        "pixels": encode_png(cut.pixels),
        "mask": encode_png(cut.mask),
        "crop_from_frame": cut.crop_from_frame.ravel(),
        "points": picture.points.ravel(),
        "yaw_deg": pose.yaw_deg,
        "pitch_deg": pose.pitch_deg,
        "roll_deg": pose.roll_deg,
        "spread": 0.0,
        "sharpness": sharpness(picture.image, picture.points),
        "reason": None,
    }


def _skin(generator: np.random.Generator, *, is_bearded: bool) -> Skin:
    is_freckled, is_painted = generator.random(2) < 0.3
    return Skin(
        melanin=generator.uniform(0.02, 0.9),
        blood=generator.uniform(0.2, 1.0),
        age=generator.uniform(0, 1) ** 2,
        freckles=generator.uniform(0.1, 0.8) if is_freckled else 0.0,
        stubble=generator.uniform(0, 0.8) if is_bearded else 0.0,
        lipstick=generator.uniform(0.1, 0.5) if is_painted and not is_bearded else 0.0,
        lip_tint=generator.uniform(0.8, 1.3),
    )


def _hair(generator: np.random.Generator, *, is_bearded: bool) -> Hair:
    return Hair(
        style=sorted(STYLES)[generator.integers(len(STYLES))],
        color=_mixed(generator, HAIR_COLORS),
        brow=generator.uniform(0.75, 1.35),
        brow_half_width=generator.uniform(0.2, 0.34),
        lash=generator.uniform(0.4, 0.9),
        beard=generator.uniform(0.2, 0.9) if is_bearded else 0.0,
        hairline=generator.uniform(0, 0.4),
        temples=generator.uniform(0, 1.3),
    )


def _light(generator: np.random.Generator) -> Light:
    return lamps(
        generator.uniform(-55, 55),
        elevation_deg=generator.uniform(15, 45),
        key=generator.uniform(0.8, 1.1),
        fill=generator.uniform(0.2, 0.45),
        ambient=generator.uniform(0.28, 0.45),
        warmth=generator.uniform(0, 0.6),
    )


def _mixed(generator: np.random.Generator, colors: tuple[Rgb, ...]) -> Rgb:
    """A colour between two of `colors`."""
    first, second = generator.choice(len(colors), 2, replace=False)
    share = generator.random() ** 2
    return _rgb(np.array(colors[first]) * (1 - share) + np.array(colors[second]) * share)


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _use_one_thread() -> None:
    cv2.setNumThreads(1)
