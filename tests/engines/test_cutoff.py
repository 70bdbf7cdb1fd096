"""A stage that runs and makes the same bytes again lets nothing below it run, under either engine."""

from tests.engines.workspace import Workspace

IGNORED = {"SAME": "faces"}  # the stand-in of faces then makes the same bytes whatever its settings


def test_snakemake_stops_below_a_stage_that_made_the_same_bytes(project: Workspace):
    project.snakemake("--forcerun", "faces", **IGNORED)
    project.ran()
    project.set_params(lambda params: params["faces"].update(upsample=2))
    assert len(project.planned()) > 2
    said = project.snakemake(**IGNORED).stderr
    assert project.ran() == ["faces data/faces/ada.parquet", "faces data/faces/bo.parquet"]
    assert "11 planned stages did not run" in said
    assert project.planned() == set()
    assert project.changed() == set()


def test_dvc_stops_below_a_stage_that_made_the_same_bytes(project: Workspace):
    project.snakemake("--forcerun", "faces", **IGNORED)
    project.ran()
    project.set_params(lambda params: params["faces"].update(upsample=2))
    project.dvc("repro", "--quiet", **IGNORED)
    assert project.ran() == ["faces data/faces/ada.parquet", "faces data/faces/bo.parquet"]
    assert project.planned() == set()


def test_one_of_two_inputs_that_changed_is_enough_to_run(project: Workspace):
    project.snakemake("--forcerun", "faces", **IGNORED)
    project.ran()
    project.set_params(lambda params: params["faces"].update(upsample=2))
    project.write("data/raw/bo.mp4", "other footage")
    project.snakemake(**IGNORED)
    ran = project.ran()
    assert "landmarks data/landmarks/bo.parquet" in ran
    assert "landmarks data/landmarks/ada.parquet" not in ran
    assert "identities data/identities.parquet" in ran
    assert project.changed() == set()


def test_a_forced_stage_runs_though_its_inputs_are_as_they_were(project: Workspace):
    project.snakemake("--forcerun", "faces", "landmarks")
    assert [line.split()[0] for line in project.ran()] == ["faces", "faces", "landmarks", "landmarks"]


def test_an_edited_comment_runs_nothing_and_leaves_dvc_clean(project: Workspace):
    project.write("understudy/tracks.py", "# a comment\n" + project.read("understudy/tracks.py"))
    assert project.planned() == set()
    project.snakemake()
    assert project.ran() == []
    assert project.changed() == set()


def test_an_edited_comment_runs_nothing_under_dvc(project: Workspace):
    project.write("understudy/tracks.py", "# a comment\n" + project.read("understudy/tracks.py"))
    project.dvc("repro", "--quiet")
    assert project.ran() == []
    assert project.changed() == set()
