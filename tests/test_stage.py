"""What stages share: flags, settings, one-line errors, one process an artifact."""

import re
import signal
import subprocess
import sys
from pathlib import Path

from understudy.stage import progress, threads

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SCRIPT = """
import time
from pathlib import Path
from pydantic import Field
from understudy.errors import FootageError
from understudy.files import replacing
from understudy.params import Settings as Base
from understudy.stage import run

class Settings(Base):
    number: int = Field(ge=1)

def main(*, source: Path, others: list[Path], label: str, made: Path, settings: Settings) -> None:
    if label == "full":
        raise OSError(28, "No space left on device", str(made))
    if label == "bad":
        raise FootageError(f"{source}: damaged; give another")
    if label == "hungry":
        bytearray(1 << 62)
    if label == "slow":
        with replacing(made) as temporary:
            temporary.write_text("half of it")
            print("begun", flush=True)
            time.sleep(30)
    if label == "replace":
        with replacing(made) as temporary:
            temporary.touch()
        return
    made.write_text(f"{source} {[str(path) for path in others]} {label} {settings.number}")

if __name__ == "__main__":
    run(main)
"""


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    (tmp_path / "sums.py").write_text(SCRIPT)
    (tmp_path / "params.yaml").write_text("sums: {number: 3}\n")
    return tmp_path


def command(label: str = "a") -> list[str]:
    flags = ["--source", "in.txt", "--others", "b", "c", "--label", label, "--made", "out.txt"]
    return [sys.executable, "sums.py", *flags]


def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    return subprocess.run(
        list(arguments) or command(), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_flags_follow_from_the_signature_and_settings_from_the_section(stage: Path):
    done = ran(stage)
    assert done.returncode == 0, done.stderr
    assert (stage / "out.txt").read_text() == "in.txt ['b', 'c'] a 3"
    assert "sums: out.txt made in" in done.stderr


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("sums: {number: 0}", "params.yaml: sums.number: Input should be greater than or equal to 1, found 0"),
        ("sums: {numbr: 3, number: 3}", "params.yaml: sums.numbr: no such parameter. Available: number"),
        ("sums: {}", "params.yaml: sums.number: missing"),
        ("other: {}", "params.yaml: section sums is missing"),
        ("sums: [", "params.yaml: not valid YAML"),
        ("3", "params.yaml: expected a map of sections, found int"),
    ],
)
def test_wrong_parameters_are_one_line_and_status_1(stage: Path, params: str, message: str):
    (stage / "params.yaml").write_text(params)
    done = ran(stage)
    assert done.returncode == 1
    assert f"sums: {message}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (stage / "out.txt").exists()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("bad", "sums: in.txt: damaged; give another\n"),
        ("full", "sums: out.txt: No space left on device; nothing was changed, make room and run again\n"),
        (
            "hungry",
            "sums: out.txt: not enough memory; nothing was changed, give it more memory, or fewer UNDERSTUDY_THREADS, "
            "and run again\n",
        ),
    ],
)
def test_an_error_a_person_may_see_is_one_line_and_status_1(stage: Path, label: str, message: str):
    done = ran(stage, *command(label))
    assert (done.returncode, done.stderr) == (1, message)


def test_a_second_process_does_not_make_the_same_artifact(stage: Path):
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    with subprocess.Popen(command("slow"), cwd=stage, env=environment, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "begun\n"
        second = ran(stage)
        first.kill()
    assert second.returncode == 1
    assert "sums: out.txt: another process is making it; wait for that, or end it" in second.stderr
    assert ran(stage).returncode == 0


def test_a_stage_that_makes_its_artifact_in_one_go_refuses_a_share(stage: Path):
    done = ran(stage, *command(), "--share", "3/8")
    message = "sums: --share 3/8: this stage makes its artifact in one go; leave --share away\n"
    assert (done.returncode, done.stderr) == (1, message)
    assert not (stage / "out.txt").exists()


@pytest.fixture
def pieced(stage: Path) -> Path:
    """A stage that works in pieces."""
    script = SCRIPT.replace("settings: Settings)", "settings: Settings, pieces: Pieces = Pieces(5))")
    script = script.replace("{settings.number}", "{settings.number} {pieces}")
    (stage / "sums.py").write_text(script.replace("\nclass", "\nfrom understudy.sharing import Pieces\n\nclass", 1))
    return stage


def test_a_stage_in_pieces_is_told_its_share(pieced: Path):
    done = ran(pieced, *command(), "--share", "3/8")
    assert done.returncode == 0, done.stderr
    assert "sums: share 3/8 of out.txt made in" in done.stderr
    assert (pieced / "out.txt").read_text().endswith("Pieces(size=5, share=Share(place=3, number=8))")
    assert ran(pieced).returncode == 0
    assert (pieced / "out.txt").read_text().endswith("Pieces(size=5, share=None)")


def test_a_share_that_is_none_is_one_line(pieced: Path):
    done = ran(pieced, *command(), "--share", "9/8")
    assert done.returncode == 1
    assert done.stderr == "sums: --share: '9/8' is not a share; expected 1/8 to 8/8, or the like\n"


def test_shares_of_an_artifact_are_made_at_the_same_time(pieced: Path):
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    first = [*command("slow"), "--share", "1/2"]
    with subprocess.Popen(first, cwd=pieced, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        same, other = (ran(pieced, *command(), "--share", share) for share in ("1/2", "2/2"))
        process.kill()
    assert other.returncode == 0, other.stderr
    assert same.returncode == 1
    assert "sums: share 1/2 of out.txt: another process is making it" in same.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_stage_in_order(stage: Path, number: signal.Signals, status: int):
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    before = sorted(path.name for path in stage.iterdir())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command("slow"), cwd=stage, env=environment, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        said = process.communicate()[1]
    assert (process.returncode, said) == (status, f"sums: out.txt: ended by {number.name}; run again to go on\n")
    assert sorted(path.name for path in stage.iterdir() if path.name != ".understudy") == before


@pytest.mark.parametrize("blocked", ["data", "data/made"])
def test_a_file_where_a_folder_must_be_is_one_line(stage: Path, blocked: str):
    (stage / blocked).parent.mkdir(exist_ok=True)
    (stage / blocked).touch()
    done = ran(stage, *command("replace")[:-1], "data/made/out.txt")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert re.match(r"sums: data/made.*; nothing was changed, a file lies where a folder must", done.stderr)


def test_settings_of_a_planned_run_are_read_from_its_plan(stage: Path):
    (stage / "plan.yaml").write_text(yaml.safe_dump({"sums": {"number": 7}}))
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "UNDERSTUDY_PARAMS": "plan.yaml"}
    subprocess.run(command(), cwd=stage, env=environment, capture_output=True, check=True)
    assert (stage / "out.txt").read_text().endswith("7")


def test_threads_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("UNDERSTUDY_THREADS", raising=False)
    assert threads() == 3
    monkeypatch.setenv("UNDERSTUDY_THREADS", "2")
    assert threads() == 2


def test_progress_passes_everything_on_in_order(capsys: pytest.CaptureFixture[str]):
    assert list(progress(range(5), total=5, description="counting")) == [0, 1, 2, 3, 4]
