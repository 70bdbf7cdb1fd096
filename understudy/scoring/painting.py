"""What of the target was painted and what was not, and where the performance has its face: from the tables."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from understudy.bridging import tracks_of
from understudy.scoring.scores import Numbers
from understudy.tables import is_kept


def painted_share(swaps: pa.Table, identities: pa.Table, fits: pa.Table, *, target: str) -> Numbers:
    """How many frames there are, in how many the target was seen and was painted, and why faces were left out.

    Seen is also a face whose landmarks were rejected on a track of the target's. `identities` may hold other clips too;
    `fits` are the clip's landmarks.
    """
    kept = is_kept(swaps)
    frames = np.asarray(swaps.column("frame").to_numpy())
    painted = set(frames[kept].tolist())
    columns = (identities.column(name).to_pylist() for name in ("clip", "frame", "face", "person"))
    clip = swaps.column("clip")[0].as_py()
    people = {(frame, face): who for found, frame, face, who in zip(*columns, strict=True) if found == clip}
    seen = painted | {face.key[0] for track in tracks_of(fits, people, person=target) for face in track}
    return {
        "clip_frames": len(set(frames.tolist())),
        "target_frames": len(seen),
        "painted_frames": len(painted),
        "share": len(painted) / len(seen) if seen else None,
        "left_out": dict(Counter(reason_code(reason) for reason in swaps.column("reason").to_pylist() if reason)),
    }


def reason_code(reason: str) -> str:
    """A row's reason without its details: what can be counted ("spread 0.034 above 0.02" is "spread above")."""
    words = reason.split(":", maxsplit=1)[0].split()
    return " ".join(word for word in words if not any(letter.isdigit() for letter in word))


def painted_faces(swaps: pa.Table) -> dict[int, int]:
    """Which face was painted over in each painted frame; of several the first."""
    rows = swaps.filter(pa.array(is_kept(swaps)))
    painted: dict[int, int] = {}
    for frame, face in zip(rows.column("frame").to_pylist(), rows.column("face").to_pylist(), strict=True):
        painted.setdefault(frame, face)
    return painted


def rows_of(table: pa.Table, faces: Mapping[int, int]) -> np.ndarray:
    """Which rows of one clip's table are those of `faces` by frame, in ascending order of frames."""
    keys = zip(table.column("frame").to_pylist(), table.column("face").to_pylist(), strict=True)
    return np.array([row for row, (frame, face) in enumerate(keys) if faces.get(frame) == face], int)


def held_out_frames(crops: pa.Table, *, clip: str) -> set[int]:
    """The frames of a clip in the test split of a person's face set."""
    columns = (crops.column(name).to_pylist() for name in ("clip", "frame", "split"))
    return {frame for found, frame, split in zip(*columns, strict=True) if (found, split) == (clip, "test")}


def training_keys(crops: pa.Table) -> set[tuple[str, int, int]]:
    """Clip, frame and face of all faces that were trained on."""
    columns = (crops.column(name).to_pylist() for name in ("clip", "frame", "face", "split"))
    return {(clip, frame, face) for clip, frame, face, split in zip(*columns, strict=True) if split == "train"}
