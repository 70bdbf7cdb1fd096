import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from understudy.errors import AnalysisError
from understudy.processes import BATCH, map_in_order

ENDLESS = """
import time
from understudy.processes import map_in_order

if __name__ == "__main__":
    for _ in map_in_order(time.sleep, [0.0, *[600.0] * 99], processes=2):
        pass
"""
ASKED = """
import sys, time
from pathlib import Path
from understudy.endings import Ended, orderly
from understudy.processes import map_in_order

if __name__ == "__main__":
    try:
        with orderly():
            for _ in map_in_order(time.sleep, [0.0, *[600.0] * 99], processes=2, batch=1):
                Path(__file__).with_name("begun").touch()
    except Ended as end:
        sys.exit(end.status)
"""


def kill_itself(_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_items(processes):
    numbers = list(range(5 * BATCH + 3))
    assert list(map_in_order(abs, (-number for number in numbers), processes=processes)) == numbers


def test_items_are_read_only_a_little_ahead():
    taken = []

    def items():
        for number in range(100 * BATCH):
            taken.append(number)
            yield number

    results = map_in_order(abs, items(), processes=2)
    assert next(results) == 0
    assert len(taken) <= 6 * BATCH
    results.close()


def test_a_process_that_is_killed_is_one_line():
    with pytest.raises(AnalysisError, match=r"a worker process was killed, .* run again with fewer UNDERSTUDY_THREADS"):
        list(map_in_order(kill_itself, [0], processes=2))


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    children = wait_for(lambda: children_of(parent.pid), timeout_s=60)
    parent.kill()
    parent.wait()
    assert wait_for(lambda: all(is_gone(child) for child in children), timeout_s=60)


@pytest.mark.parametrize("everyone", [False, True], ids=["parent", "all"])
def test_processes_end_at_once_when_the_one_that_started_them_is_asked_to(tmp_path, everyone):
    script = tmp_path / "asked.py"
    script.write_text(ASKED)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment, start_new_session=True)
    children = wait_for(lambda: children_of(parent.pid), timeout_s=60)
    wait_for((tmp_path / "begun").exists, timeout_s=60)
    (os.killpg if everyone else os.kill)(parent.pid, signal.SIGTERM)
    assert parent.wait(timeout=60) == 143
    assert wait_for(lambda: all(is_gone(child) for child in children), timeout_s=60)


def children_of(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return found if len(found) >= 3 else []


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition, *, timeout_s):
    begun = time.monotonic()
    while time.monotonic() - begun < timeout_s:
        if found := condition():
            return found
        time.sleep(0.1)
    return condition()
