"""Processes that work together end together, and say why in one line."""

import os
import signal
import time

import pytest
import torch

from understudy.endings import Ended
from understudy.errors import ModelError, ProcessError, UnderstudyError
from understudy.group import Group
from understudy.together import together

TWO = [torch.device("cpu")] * 2


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_THREADS", "2")


def share_everything(group):
    ranks = [int(each) for each in group.gathered(torch.tensor(group.rank))]
    assert ranks == list(range(group.number))
    network = torch.nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.fill_(group.rank + 5)
    group.share(network)
    assert float(network.weight.detach().sum()) == 4 * 5
    group.check_same("one", "words")
    assert os.environ["UNDERSTUDY_THREADS"] == str(2 // group.number)


def compare_ranks(group):
    group.check_same(str(group.rank), "ranks")


def refuse_in_the_second(group):
    if group.rank == 1:
        raise ModelError("faces: too few; give more")
    group.wait()


def die_in_the_second(group):
    group.wait()
    if group.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    group.wait()


def sleep_after_one_died(group):
    if group.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def err_in_the_second(group):
    if group.rank == 1:
        raise ZeroDivisionError
    group.wait()


def end_the_one_that_started_it(group):
    group.wait()
    if group.rank == 0:
        os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(600)


@pytest.mark.parametrize("number", [1, 2])
def test_every_process_sees_the_same(number, tmp_path):
    together(share_everything, devices=TWO[:number], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("task", "kind", "message"),
    [
        (compare_ranks, UnderstudyError, "training: ranks differ between the processes; run them in one shared folder"),
        (refuse_in_the_second, UnderstudyError, "faces: too few; give more"),
        (
            die_in_the_second,
            ProcessError,
            r"training: process 2 of 2 was killed \(SIGKILL\), perhaps for want of memory",
        ),
        (sleep_after_one_died, ProcessError, r"process 2 of 2 was killed \(SIGKILL\)"),
        (err_in_the_second, ProcessError, "training: process 2 of 2 failed; see above"),
        (end_the_one_that_started_it, Ended, "ended by SIGTERM"),
    ],
)
def test_the_end_of_one_is_the_end_of_all_and_is_explained(task, kind, message, tmp_path):
    with pytest.raises(kind, match=f"^{message}" if kind is UnderstudyError else message):
        together(task, devices=TWO, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_cannot_share_the_parts_is_refused_in_every_process():
    with pytest.raises(ModelError, match="can be shared by 1 or 3"):
        Group(TWO[0], 0, 2).block(3)
