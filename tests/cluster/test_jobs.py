"""Stand-ins for the stages as Slurm jobs: what each is given, and what is left after failures, edits, and kills."""

import signal

from tests.cluster.conftest import all_jobs_of, jobs_of, on_slurm, started_on_slurm, wait_for_pause
from tests.engines.test_shares import SHARED, with_little_footage_a_share
from tests.engines.workspace import Workspace

IDENTITIES = ("--forcerun", "identities", "--until", "identities")
IDENTITIES_JOB = "rule_identities"
BEFORE = '    if os.environ.get("PAUSE") == stage:\n'
TELL = """
    with Path("told.txt").open("a") as told:
        told.write(f"{stage} {os.environ.get('CUDA_VISIBLE_DEVICES')} {os.environ['OMP_NUM_THREADS']}\\n")
"""


def test_only_stages_that_compute_on_a_gpu_get_one(project: Workspace):
    for stage in ("crops", "swapper"):
        project.edit(f"stages/{stage}.py", BEFORE, TELL + BEFORE)
    on_slurm(project, "--until", "swapper")
    told = sorted(line.split()[:2] for line in project.read("told.txt").splitlines())
    assert told in ([["crops", "None"]] * 2 + [["swapper", gpu]] for gpu in ("0", "1"))
    jobs = jobs_of(project)
    swapper, crops = jobs["rule_swapper_wildcards_ada_bo"], jobs["rule_crops_wildcards_ada"]
    assert (swapper["NumCPUs"], swapper["MinMemoryNode"], swapper["TresPerJob"]) == ("4", "4000M", "gres:gpu:1")
    assert (crops["NumCPUs"], crops["MinMemoryNode"]) == ("1", "2000M")
    assert "TresPerJob" not in crops


def test_the_stages_of_one_clip_share_a_job_and_are_recorded(project: Workspace):
    on_slurm(project, "--forcerun", "frames", "--until", "embeddings")
    assert len(all_jobs_of(project)) == 2
    assert len(project.ran()) == 8
    assert project.planned() == set()
    assert project.changed() == set()


def test_a_long_clip_is_shared_by_several_jobs_and_the_artifacts_are_the_same(project: Workspace):
    made = project.artifacts()
    with_little_footage_a_share(project)
    on_slurm(project, "--set-scatter", "share=2", "--forcerun", "frames", "scores")
    jobs = [job["Comment"] for job in all_jobs_of(project)]
    for stage in SHARED:
        assert sum(job.startswith(f"rule_{stage}_share_") for job in jobs) in (2, 4)
    assert project.artifacts() == made
    assert project.planned() == set()
    assert project.changed() == set()


def test_jobs_of_an_array_are_recorded_as_well(project: Workspace):
    on_slurm(project, "--forcerun", "crops", "--until", "crops", "--slurm-array-jobs", "all")
    assert sorted(job["ArrayTaskId"] for job in all_jobs_of(project)) == ["1", "2"]
    assert len({job["ArrayJobId"] for job in all_jobs_of(project)}) == 1
    assert len(project.ran()) == 2
    assert project.planned() == set()
    assert project.changed() == set()


def test_the_line_of_a_stage_that_fails_is_the_last(project: Workspace):
    done = on_slurm(project, *IDENTITIES, "--retries", "0", check=False, FAIL="identities")
    line = "identities: data/identities.parquet: cannot be made, because the test says so"
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"failed: {line} (logs/identities/identities.log)"
    assert "Traceback" not in done.stderr
    number = jobs_of(project)[IDENTITIES_JOB]["JobId"]
    assert f"SLURM-job '{number}' failed, SLURM status is: 'FAILED'" in done.stderr
    assert (project.root / f"logs/slurm/rule_identities/{number}.log").is_file()


def test_a_cancelled_job_is_submitted_again_and_then_nothing_is_said_to_have_failed(project: Workspace):
    run = started_on_slurm(project, *IDENTITIES, PAUSE="identities")
    wait_for_pause(project)
    first = jobs_of(project)[IDENTITIES_JOB]["JobId"]
    project.run("scancel", first)
    project.write("paused.txt", "go on")
    assert run.wait() == 0, project.read("run.log")
    assert jobs_of(project)[IDENTITIES_JOB]["JobId"] != first
    assert "failed:" not in project.read("run.log")
    assert project.planned() == set()
    assert project.changed() == set()


def test_a_job_whose_code_is_edited_while_it_runs_fails_and_the_next_run_makes_it(project: Workspace):
    run = started_on_slurm(project, *IDENTITIES, "--retries", "0", PAUSE="identities")
    wait_for_pause(project)
    project.write("stages/identities.py", project.read("stages/identities.py") + "EDITED = 1\n")
    project.write("paused.txt", "go on")
    assert run.wait() == 1
    assert "failed: identities: stages/identities.py was edited while" in project.read("run.log").splitlines()[-1]
    assert "identities" in project.changed()
    on_slurm(project, "--until", "identities")
    assert not {"identities", "recipe-identities"} & project.changed()


def test_after_the_main_process_is_killed_the_next_run_goes_on_by_itself(project: Workspace):
    made = _made(project)
    _kill_while_identities_runs(project)
    left = jobs_of(project)[IDENTITIES_JOB]
    done = on_slurm(project, "--until", "identities")
    assert f"ending what a killed run left in Slurm: {left['JobId']}" in done.stderr
    assert project.ran() == ["identities data/identities.parquet"]
    assert _made(project) == made
    assert project.planned() == set()
    assert project.changed() == set()


def test_a_run_on_this_machine_ends_what_a_killed_run_left_in_slurm(project: Workspace):
    _kill_while_identities_runs(project)
    project.snakemake("--until", "identities")
    assert jobs_of(project)[IDENTITIES_JOB]["JobState"] == "CANCELLED"
    assert project.ran() == ["identities data/identities.parquet"]
    assert project.changed() == set()


def test_a_job_keeps_the_settings_its_run_was_planned_with(project: Workspace):
    run = started_on_slurm(project, *IDENTITIES, PAUSE="identities")
    wait_for_pause(project)
    before = project.read("data/frames/ada.parquet")
    project.set_params(lambda params: params["identities"].update(min_neighbours=6))
    project.write("paused.txt", "go on")
    assert run.wait() == 0, project.read("run.log")
    assert "params.yaml: identities was edited meanwhile" in project.read("run.log")
    assert project.read("data/frames/ada.parquet") == before
    assert "data/identities.parquet" in project.planned()


def _made(project: Workspace) -> dict[str, str]:
    """Every artifact but the recipes, which tell of the edit that makes a stage run."""
    return {path: text for path, text in project.artifacts().items() if not path.startswith("data/recipes/")}


def _kill_while_identities_runs(project: Workspace) -> None:
    project.edit("stages/identities.py", "def pause() -> None:", "EDITED = 1\ndef pause() -> None:")
    run = started_on_slurm(project, "--until", "identities", PAUSE="identities")
    wait_for_pause(project)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert jobs_of(project)[IDENTITIES_JOB]["JobState"] == "RUNNING", "a job outlives its run"
