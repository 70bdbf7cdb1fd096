"""One face over time is one person: faces the recogniser is unsure of take the name that their track bears."""

from collections.abc import Sequence

import numpy as np

TrackKey = tuple[str, int]  # clip, track


def follow_tracks(tracks: Sequence[TrackKey], people: Sequence[str | None], *, min_share: float) -> list[str | None]:
    """Who each unnamed face is by its track; None where it has a name already or its track does not say.

    A track says who is on it when one person holds at least `min_share` of its faces and nobody else on record any.
    """
    rows: dict[TrackKey, list[int]] = {}
    for row, track in enumerate(tracks):
        rows.setdefault(track, []).append(row)
    found: list[str | None] = [None] * len(people)
    for members in rows.values():
        named = [person for row in members if (person := people[row]) is not None]
        if len(set(named)) == 1 and len(named) >= min_share * len(members):
            for row in members:
                found[row] = named[0] if people[row] is None else None
    return found


def distances_to(vectors_ND: np.ndarray, references: dict[str, np.ndarray], people: Sequence[str | None]) -> np.ndarray:
    """How far each face's descriptor is from the references of the person named for it; NaN where nobody is."""
    return np.array(
        [
            np.nan if person is None else float(np.linalg.norm(vector - references[person]))
            for vector, person in zip(vectors_ND, people, strict=True)
        ]
    )
