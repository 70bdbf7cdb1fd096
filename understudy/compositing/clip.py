"""All painted faces put into a clip, frame by frame and in order, with as many threads as there are.

A thread works on one frame alone, with OpenCV's own threads switched off: pixels never depend on their number.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from understudy.compositing.blend import composite_face
from understudy.compositing.faces import PaintedFace
from understudy.compositing.measured import Measured, measure_face, steady_measures
from understudy.compositing.rows import painted_faces
from understudy.compositing.settings import CompositeSettings

Item = TypeVar("Item")
Result = TypeVar("Result")
Pictures = Iterable[tuple[int, np.ndarray]]  # frame numbers, ascending, and RGB uint8 pictures
Measures = Mapping[tuple[int, int], Measured]  # by frame and face


def measure_clip(
    pictures: Pictures, swaps: Path, *, scenes: np.ndarray, settings: CompositeSettings, threads: int
) -> Measures:
    """The steadied measures of every painted face of a clip; `scenes` (N,) are those of all its frames."""

    def measure(shown: tuple[int, np.ndarray, list[PaintedFace]]) -> list[tuple[tuple[int, int], Measured]]:
        frame, image, faces = shown
        return [((frame, face.face), measure_face(image, face, settings=settings)) for face in faces]

    found = [pair for pairs in in_order(measure, _with_faces(pictures, swaps), threads=threads) for pair in pairs]
    frames = np.array([frame for (frame, _), _ in found], int)
    steadied = steady_measures([one for _, one in found], frames, scenes[frames], reach=settings.steadiness)
    return dict(zip([key for key, _ in found], steadied, strict=True))


def composite_clip(
    pictures: Pictures, swaps: Path, measures: Measures, *, clip: str, settings: CompositeSettings, threads: int
) -> Iterator[tuple[int, np.ndarray]]:
    """`pictures` with all painted faces in them, in the same order; others pass untouched."""

    def composite(shown: tuple[int, np.ndarray, list[PaintedFace]]) -> tuple[int, np.ndarray]:
        frame, image, faces = shown
        for face in faces:
            image = composite_face(image, face, measures[frame, face.face], settings=settings, clip=clip)
        return frame, image

    return in_order(composite, _with_faces(pictures, swaps), threads=threads)


def in_order(function: Callable[[Item], Result], items: Iterable[Item], *, threads: int) -> Iterator[Result]:
    """`function` of every item, in order, computed by `threads` threads that run a few items ahead and no further."""
    cv2.setNumThreads(1)
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > 2 * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _with_faces(pictures: Pictures, swaps: Path) -> Iterator[tuple[int, np.ndarray, list[PaintedFace]]]:
    """Each picture with the faces painted over it, both read once and in step."""
    groups = groupby(painted_faces(swaps), key=lambda face: face.frame)
    coming = next(groups, None)
    for frame, image in pictures:
        faces: list[PaintedFace] = []
        if coming is not None and coming[0] == frame:
            faces, coming = list(coming[1]), next(groups, None)
        yield frame, image, faces
