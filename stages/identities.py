"""Which faces of all clips are one identity, and who that is by the people's reference pictures."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from understudy.stage import run

import numpy as np
import pyarrow as pa
from pydantic import Field

from understudy.analysers.dlib_hog import Detector, SearchSettings
from understudy.analysers.dlib_resnet import cut_chip, describe
from understudy.analysis import Landmarker, Maker, lineage, load_landmarker, settings_of
from understudy.clustering import NOISE, Clusters, ClusterSettings, find_clusters, nearest
from understudy.errors import AnalysisError, TableError
from understudy.following import distances_to, follow_tracks
from understudy.landmarking import FitSettings, doubt, sure_fit
from understudy.manifest import read_manifest
from understudy.media.stills import read_still
from understudy.provenance.consent import read_consent
from understudy.tables import EMBEDDINGS, IDENTITIES, make_table, matrix, metadata_of, read_table, write_table

Named = dict[str, Any]  # columns of identities: arrays and lists of several kinds by name


class Settings(ClusterSettings):
    """How faces are grouped and recognised."""

    person_distance: float = Field(gt=0, lt=2)
    """How near a cluster's centroid must be to the mean of a person's reference pictures to be that person; of several
    people the nearest. Others are rarely nearer than .45; drawn actors resemble each other more than people do."""
    track_share: float = Field(ge=0.5, le=1)
    """Share of a track's faces that must bear a person's name for the unnamed rest (grimaces and blinks as a rule) to
    take it; 1 leaves them unnamed."""
    track_distance: float = Field(gt=0, lt=2)
    """How near such a face must itself be to the person's references, so that a track that slips onto somebody else
    does not name them. Faces of one person are rarely further apart than .6."""


def main(*, clips: Path, embeddings: Path, people: Path, identities: Path, settings: Settings) -> None:
    """Cluster the faces of the manifest's clips and name the clusters."""
    manifest = read_manifest(clips)
    faces = gather(embeddings, clips=manifest.clips)
    found = find_clusters(matrix(faces, "embedding"), settings=settings)
    references = describe_people(people, names=manifest.people, analysed=metadata_of(faces))
    named = recognise(found, references, max_distance=settings.person_distance)
    columns = identity_columns(faces, found, named)
    columns |= followed(faces, columns, references, settings=settings)
    for line in summary(found, named):
        print(f"identities: {line}", file=sys.stderr)
    maker = Maker("hdbscan", version("hdbscan"), "none")
    metadata = lineage("identities", settings, made_by=maker, above=metadata_of(faces))
    write_table(identities, make_table(IDENTITIES, columns, metadata), IDENTITIES)


def gather(folder: Path, *, clips: Sequence[str]) -> pa.Table:
    """The embeddings of all clips, sorted by clip, frame, face, with the metadata they share.

    Raises TableError when they were not made in the same way.
    """
    tables = [read_table(folder / f"{clip}.parquet", EMBEDDINGS) for clip in clips]
    for clip, table in zip(clips, tables, strict=True):
        if metadata_of(table) != metadata_of(tables[0]):
            raise TableError(f"{folder / clip}.parquet: made in another way than {clips[0]}.parquet; run both again")
    return pa.concat_tables(tables)


def describe_people(folder: Path, *, names: Sequence[str], analysed: Mapping[str, str]) -> dict[str, np.ndarray]:
    """The mean descriptor of each person's reference pictures, looked at just as the clips were."""
    detector = Detector(settings_of(SearchSettings, "faces", metadata=analysed))
    fits = settings_of(FitSettings, "landmarks", metadata=analysed)
    landmarker = load_landmarker(fits.backend)
    means = {}
    for name in names:
        pictures = read_consent(folder / f"{name}.yaml").references
        chips = [reference_chip(path, detector=detector, landmarker=landmarker, fits=fits) for path in pictures]
        means[name] = np.mean([describe(chip) for chip in chips], axis=0)
    return means


def reference_chip(path: Path, *, detector: Detector, landmarker: Landmarker, fits: FitSettings) -> np.ndarray:
    """The aligned face of a reference picture. Raises AnalysisError unless it shows exactly one."""
    image, _ = read_still(path)
    frame_px = (image.shape[1], image.shape[0])
    believed = []
    for index, face in enumerate(detector.search(image)):
        fit = sure_fit(
            image,
            face.box_xyxy,
            score=face.score,
            landmarker=landmarker,
            settings=fits,
            stream=f"reference {path.name}",
            step=index,
        )
        if doubt(fit, score=face.score, frame_px=frame_px, settings=fits) is None:
            believed.append(fit)
    if len(believed) != 1:
        raise AnalysisError(f"{path}: {len(believed)} faces, expected one; choose a sharp picture of one person")
    return cut_chip(image, believed[0].points)


def recognise(
    found: Clusters, references: Mapping[str, np.ndarray], *, max_distance: float
) -> list[tuple[str | None, float]]:
    """Who each cluster is, and how far it is from the nearest person on record; None when that is too far."""
    names = sorted(references)
    index, distance = nearest(found.centroids, np.array([references[name] for name in names]))
    return [
        (names[who] if who != NOISE and gap <= max_distance else None, float(gap))
        for who, gap in zip(index, distance, strict=True)
    ]


def identity_columns(faces: pa.Table, found: Clusters, named: Sequence[tuple[str | None, float]]) -> Named:
    """The columns of the identities table; noise has no person."""
    who = [named[label] if label != NOISE else (None, np.nan) for label in found.labels]
    return {
        **{key: faces.column(key) for key in ("clip", "frame", "face")},
        "cluster": found.labels,
        "probability": found.probability,
        "outlier_score": found.outlier_score,
        "centroid_distance": found.distance,
        "step": list(found.steps),
        "person": [person for person, _ in who],
        "person_distance": [gap for _, gap in who],
    }


def followed(faces: pa.Table, columns: Named, references: dict[str, np.ndarray], *, settings: Settings) -> Named:
    """The columns step, person and person_distance with the names that tracks give to unnamed faces near enough."""
    tracks = list(zip(faces.column("clip").to_pylist(), faces.column("track").to_pylist(), strict=True))
    people = follow_tracks(tracks, columns["person"], min_share=settings.track_share)
    gaps = distances_to(matrix(faces, "embedding"), references, people)
    is_new = gaps <= settings.track_distance
    return {
        "step": [("track" if new else old) for new, old in zip(is_new, columns["step"], strict=True)],
        "person": [(who if new else old) for new, who, old in zip(is_new, people, columns["person"], strict=True)],
        "person_distance": np.where(is_new, gaps, np.asarray(columns["person_distance"], float)).tolist(),
    }


def summary(found: Clusters, named: Sequence[tuple[str | None, float]]) -> Iterator[str]:
    """A line an identity: how many faces, and who it is or how far from anybody on record."""
    for label, (person, gap) in enumerate(named):
        faces = int((found.labels == label).sum())
        yield f"{label}: {faces} faces, {person or 'nobody on record'} (nearest person at {gap:.3f})"
    yield f"noise: {int((found.labels == NOISE).sum())} faces"


if __name__ == "__main__":
    run(main)
