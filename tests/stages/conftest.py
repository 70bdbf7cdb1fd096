"""A small project of stills, analysed once: two drawn people side by side, and two frames in which nobody is seen."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from stages import crops, embeddings, faces, frames, identities, landmarks
from understudy.media.reader import read_frames
from understudy.params import read_section
from understudy.sharing import Pieces, Share

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/tiny"
NOBODY = (7, 15)


def settings_of(stage, **changes):
    """The settings of a stage as the project has them, with some changed."""
    section = read_section(stage.Settings, stage.__name__.rpartition(".")[2], ROOT / "params.yaml")
    return type(section).model_validate(section.model_dump() | changes)


def drawn_frames(clip, folder, *, every):
    """Every so many frames of a clip of the tiny project."""
    table = folder / f"{clip}.parquet"
    frames.main(footage=TINY / f"data/raw/{clip}.mp4", frames=table, settings=settings_of(frames))
    return [image for frame, image in read_frames(table) if frame % every == 0]


def make_in_shares(make, artifact, *, size, number):
    """An artifact's bytes, made by `make(pieces=...)` in pieces of `size`: first `number` shares, then what gathers."""
    for place in range(number, 0, -1):
        make(pieces=Pieces(size, Share(place, number)))
        assert not artifact.exists()
    make(pieces=Pieces(size))
    assert not list(Path(".understudy").rglob("*.piece"))
    return artifact.read_bytes()


def write_stills(folder, images):
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"{index:03}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def project_at(root):
    return SimpleNamespace(
        root=root,
        clips=root / "clips.json",
        people=TINY / "people",
        identities=root / "identities.parquet",
        **{name: root / name for name in ("frames", "faces", "landmarks", "embeddings", "crops")},
    )


def analyse(project, clip, footage):
    """Run frames, faces, landmarks and embeddings of one clip."""
    name = f"{clip}.parquet"
    made = {stage: getattr(project, stage) / name for stage in ("frames", "faces", "landmarks", "embeddings")}
    frames.main(footage=footage, frames=made["frames"], settings=settings_of(frames))
    faces.main(frames=made["frames"], faces=made["faces"], settings=settings_of(faces))
    landmarks.main(
        frames=made["frames"], faces=made["faces"], landmarks=made["landmarks"], settings=settings_of(landmarks)
    )
    embeddings.main(
        frames=made["frames"],
        landmarks=made["landmarks"],
        embeddings=made["embeddings"],
        settings=settings_of(embeddings),
    )


def gather(project, *, clips, people=("ada", "bo"), **changes):
    """Run identities over some clips."""
    project.clips.write_text(json.dumps({"clips": dict.fromkeys(clips, "footage"), "people": list(people)}))
    identities.main(
        clips=project.clips,
        embeddings=project.embeddings,
        people=project.people,
        identities=project.identities,
        settings=settings_of(identities, **{"min_cluster_faces": 5, **changes}),
    )


def curate(project, person, **changes):
    """Run crops of one person and return where they are."""
    path = project.crops / "".join(f"{name}-{value}" for name, value in changes.items()) / f"{person}.parquet"
    crops.main(
        clips=project.clips,
        frames=project.frames,
        landmarks=project.landmarks,
        identities=project.identities,
        crops=path,
        settings=settings_of(crops, **{"block_frames": 3, "gap_frames": 0, **changes}),
    )
    return path


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def duo(tmp_path_factory):
    """Ada left, bo right, in 18 frames, but for two frames without anybody; all stages up to identities have run."""
    project = project_at(tmp_path_factory.mktemp("duo"))
    left, right = (drawn_frames(clip, project.root / "drawn", every=3) for clip in ("ada", "bo"))
    pairs = [np.hstack(pair) for pair in zip(left[:18], right[:18], strict=True)]
    noise = np.random.default_rng(0).integers(0, 256, pairs[0].shape, np.uint8)
    pairs[NOBODY[0]], pairs[NOBODY[1]] = noise, np.full_like(noise, 128)
    write_stills(project.root / "stills", pairs)
    analyse(project, "duo", project.root / "stills")
    gather(project, clips=["duo"])
    return project
