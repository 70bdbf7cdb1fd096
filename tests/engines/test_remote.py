"""What is left in Slurm and what is said of its jobs, without a Slurm: its commands are scripts of the test's."""

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy.engines import remote
from understudy.engines.speech import Speech
from understudy.errors import EngineError

SQUEUE = '#!/bin/sh\n[ -e cancelled ] || printf "7|rule_faces_wildcards_ada|%s\\n" "$PWD"\n'
OTHERS = 'printf "8|rule_faces|/elsewhere\\n9|(null)|%s\\n" "$PWD"\n'
SCANCEL = '#!/bin/sh\necho "$@" >>cancelled\n'


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in whose job 7 is in Slurm until it is cancelled, beside two jobs that are not its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    _command(tmp_path / "squeue", SQUEUE + OTHERS)
    _command(tmp_path / "scancel", SCANCEL)
    return tmp_path


def test_jobs_of_this_folder_are_ended_and_no_others(slurm: Path, capsys: pytest.CaptureFixture[str]):
    remote.end_strays()
    assert (slurm / "cancelled").read_text() == "7\n"
    assert capsys.readouterr().err == "understudy: ending what a killed run left in Slurm: 7\n"


def test_nothing_is_said_when_no_job_is_left(slurm: Path, capsys: pytest.CaptureFixture[str]):
    (slurm / "cancelled").write_text("already\n")
    remote.end_strays()
    assert capsys.readouterr().err == ""
    assert (slurm / "cancelled").read_text() == "already\n"


def test_a_slurm_that_does_not_answer_is_one_line(slurm: Path):
    _command(slurm / "squeue", "#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact' >&2\nexit 1\n")
    with pytest.raises(EngineError, match=r"^squeue: slurm_load_jobs error: Unable to contact$"):
        remote.end_strays()


def test_the_stages_line_comes_after_what_the_cluster_says(tmp_path: Path):
    speech = Speech()
    assert not speech.filter(_failed(tmp_path, "faces: no such parameter\n"))
    assert speech.last_words() == [
        f"SLURM-job '5' failed, SLURM status is: 'FAILED' ({tmp_path / '5.log'})",
        f"faces: no such parameter ({tmp_path / 'ada.log'})",
    ]


def test_a_job_without_a_word_is_known_by_what_the_cluster_says(tmp_path: Path):
    speech = Speech()
    speech.filter(_failed(tmp_path, ""))
    assert speech.last_words() == [f"SLURM-job '5' failed, SLURM status is: 'FAILED' ({tmp_path / '5.log'})"]


def test_a_job_that_was_made_good_has_not_failed(tmp_path: Path):
    speech = Speech()
    speech.filter(_failed(tmp_path, "killed\n"))
    finished = logging.makeLogRecord(
        {"levelno": logging.INFO, "event": SimpleNamespace(name="JOB_FINISHED"), "job_id": 3}
    )
    speech.filter(finished)
    assert speech.last_words() == []


def _failed(folder: Path, said: str) -> logging.LogRecord:
    logs = [folder / "ada.log", folder / "5.log"]
    logs[0].write_text(said)
    logs[1].write_text("WorkflowError\n")
    message = "SLURM-job '5' failed, SLURM status is: 'FAILED'. Detailed failure reason unavailable."
    known = {
        "event": SimpleNamespace(name="JOB_ERROR"),
        "jobid": 3,
        "log": [str(log) for log in logs],
        "rule_msg": message,
    }
    return logging.makeLogRecord({"levelno": logging.ERROR, **known})


def _command(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
