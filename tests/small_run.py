"""The real stages on very little, for tests of what may not change their bytes; prints the SHA-256 of each artifact.

Runs in the current folder, which holds params.yaml, people/, data/raw/stills/ and data/crops/.
"""

import hashlib
import json
from pathlib import Path

from understudy.stage import threads

import numpy as np
import torch
from numpy._core._multiarray_umath import __cpu_features__

from stages import embeddings, faces, frames, landmarks, swapper
from understudy.facesets import read_face_set
from understudy.files import sha256_of
from understudy.model import read_model
from understudy.params import Settings, read_section
from understudy.workers import workers

TABLES = {name: Path(f"data/{name}/stills.parquet") for name in ("frames", "faces", "landmarks", "embeddings")}
CROPS = {side: Path(f"data/crops/{person}.parquet") for side, person in (("source", "ada"), ("target", "bo"))}
CONSENT = {side: Path(f"people/{person}.yaml") for side, person in (("source", "ada"), ("target", "bo"))}


def main() -> None:
    analyse()
    made = {path.as_posix(): sha256_of(path) for path in TABLES.values()}
    for model in ("compact", "driven"):
        folder = train(model)
        made |= {file.as_posix(): sha256_of(file) for file in sorted(folder.iterdir())}
        made[f"painted by {model}"] = painted(folder)
    beyond = [name for name in ("X86_V4", "AVX512_ICL", "AVX512_SPR") if __cpu_features__[name]]
    print(json.dumps({"made": made, "torch": torch.backends.cpu.get_cpu_capability(), "numpy beyond AVX2": beyond}))


def analyse() -> None:
    """Two stills, from their frames to embeddings."""
    frames.main(footage=Path("data/raw/stills"), frames=TABLES["frames"], settings=section(frames.Settings))
    faces.main(frames=TABLES["frames"], faces=TABLES["faces"], settings=section(faces.Settings))
    found = {name: TABLES[name] for name in ("frames", "faces", "landmarks")}
    landmarks.main(**found, settings=section(landmarks.Settings))
    found = {name: TABLES[name] for name in ("frames", "landmarks", "embeddings")}
    embeddings.main(**found, settings=section(embeddings.Settings))


def train(model: str) -> Path:
    """Three steps of a model."""
    folder = Path(f"data/swapper/{model}")
    files = {f"{side}_crops": path for side, path in CROPS.items()}
    files |= {f"{side}_consent": path for side, path in CONSENT.items()}
    settings = section(swapper.SwapperSettings).model_copy(update={"model": model})
    swapper.main(**files, swapper=folder, settings=settings)
    return folder


def painted(folder: Path) -> str:
    """What a trained model paints over the target's faces, hashed."""
    digest = hashlib.sha256()
    with workers(threads()):
        model = read_model(folder, device=torch.device("cpu"))
        result = model.paint(read_face_set(CROPS["target"], "bo"))
    for array in (result.patches_NHWC, result.alpha_NHW, result.points_N2, *result.outline_to):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def section(kind: type[Settings]) -> Settings:
    """The settings of a stage in this folder's params.yaml."""
    return read_section(kind, kind.__module__.rpartition(".")[2])


if __name__ == "__main__":
    torch.set_num_interop_threads(1)
    main()
