import shutil

import cv2
import numpy as np
import pytest

from tests.stages.conftest import TINY, gather
from understudy.errors import AnalysisError, TableError
from understudy.tables import EMBEDDINGS, IDENTITIES, metadata_of, read_table, table_of_rows, write_table


@pytest.fixture
def project(duo, tmp_path):
    """A copy of the analysed project whose people and identities may be changed."""
    shutil.copytree(duo.embeddings, tmp_path / "embeddings")
    shutil.copytree(TINY / "people", tmp_path / "people")
    changed = {name: tmp_path / name for name in ("embeddings", "people")}
    changed |= {"clips": tmp_path / "clips.json", "identities": tmp_path / "identities.parquet"}
    return type(duo)(**vars(duo) | changed)


def rows_of(project):
    return read_table(project.identities, IDENTITIES).to_pylist()


def test_two_people_in_one_clip_are_two_clusters_with_their_names(duo):
    rows = rows_of(duo)
    assert len(rows) >= 30
    assert {(row["face"], row["person"]) for row in rows} == {(0, "ada"), (1, "bo")}
    assert len({row["cluster"] for row in rows}) == 2
    assert all(row["person_distance"] <= 0.42 for row in rows)


def test_noise_faces_get_no_identity(project):
    described = read_table(project.embeddings / "duo.parquet", EMBEDDINGS)
    stranger = {"clip": "duo", "frame": 99, "face": 0, "track": 99, "embedding": np.full(128, 0.13)}
    rows = [*described.to_pylist(), stranger]
    write_table(project.embeddings / "duo.parquet", table_of_rows(EMBEDDINGS, rows, metadata_of(described)), EMBEDDINGS)
    gather(project, clips=["duo"])
    found = rows_of(project)[-1]
    assert (found["frame"], found["cluster"], found["person"], found["step"]) == (99, -1, None, "noise")
    assert np.isnan(found["person_distance"])


def test_an_odd_face_on_a_persons_track_is_that_person_when_it_is_near_enough(project):
    described = read_table(project.embeddings / "duo.parquet", EMBEDDINGS)
    rows = described.to_pylist()
    ada = next(row for row in rows if row["face"] == 0)
    odd = np.array(ada["embedding"])
    grimace = {**ada, "frame": 99, "embedding": odd + 0.51 / np.sqrt(128)}
    other = {**ada, "frame": 98, "embedding": odd + 1.0 / np.sqrt(128)}
    write_table(
        project.embeddings / "duo.parquet",
        table_of_rows(EMBEDDINGS, [*rows, grimace, other], metadata_of(described)),
        EMBEDDINGS,
    )
    gather(project, clips=["duo"])
    found = {row["frame"]: row for row in rows_of(project)}
    assert (found[99]["person"], found[99]["step"]) == ("ada", "track")
    assert 0.42 < found[99]["person_distance"] <= 0.6
    assert (found[98]["person"], found[98]["step"]) == (None, "noise")


def test_a_cluster_that_matches_nobody_stays_unnamed(project):
    gather(project, clips=["duo"], people=["ada"])
    assert {(row["face"], row["person"]) for row in rows_of(project)} == {(0, "ada"), (1, None)}


def test_only_the_manifests_clips_are_read(project):
    shutil.copy(project.embeddings / "duo.parquet", project.embeddings / "dropped.parquet")
    gather(project, clips=["duo"])
    assert {row["clip"] for row in rows_of(project)} == {"duo"}


@pytest.mark.parametrize(("shown", "number"), [("nobody", 0), ("two", 2)])
def test_a_reference_picture_must_show_exactly_one_face(project, duo, shown, number):
    picture = cv2.imread(str(duo.root / "stills/000.png"))
    cv2.imwrite(str(project.people / "ada.png"), picture if shown == "two" else np.full_like(picture, 90))
    with pytest.raises(AnalysisError, match=rf"ada\.png: {number} faces, expected one"):
        gather(project, clips=["duo"])
    assert not project.identities.exists()


def test_clips_that_were_analysed_in_different_ways_are_refused(project):
    described = read_table(project.embeddings / "duo.parquet", EMBEDDINGS)
    other = described.replace_schema_metadata({**described.schema.metadata, b"settings.landmarks": b"{}"})
    write_table(project.embeddings / "other.parquet", other, EMBEDDINGS)
    with pytest.raises(TableError, match="made in another way than"):
        gather(project, clips=["duo", "other"])


def test_two_runs_give_equal_bytes(duo, project):
    gather(project, clips=["duo"])
    assert project.identities.read_bytes() == duo.identities.read_bytes()


def test_a_project_without_any_face_has_an_empty_table(project):
    described = read_table(project.embeddings / "duo.parquet", EMBEDDINGS)
    write_table(project.embeddings / "duo.parquet", described.slice(0, 0), EMBEDDINGS)
    gather(project, clips=["duo"])
    assert rows_of(project) == []
