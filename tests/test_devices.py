"""The environment chooses devices and processes; what cannot be is one line."""

import pytest
import torch

from understudy.devices import choose_device
from understudy.errors import SettingsError
from understudy.group import choose_devices

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_DEVICE", "cpu")
    monkeypatch.delenv("UNDERSTUDY_PROCESSES", raising=False)


def test_one_process_is_used_when_nothing_is_said():
    assert choose_devices(parts=4) == [CPU]


def test_as_many_processes_share_the_cpu_as_the_environment_says(monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_PROCESSES", "4")
    assert choose_devices(parts=4) == [CPU] * 4


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("3", r"UNDERSTUDY_PROCESSES: .*4 parts of a step can be shared by 1, 2 or 4"),
        ("none", "UNDERSTUDY_PROCESSES: 'none' is not a number"),
        ("0", "UNDERSTUDY_PROCESSES: '0' is not a number"),
    ],
)
def test_a_number_of_processes_that_cannot_be_is_refused(monkeypatch, wanted, message):
    monkeypatch.setenv("UNDERSTUDY_PROCESSES", wanted)
    with pytest.raises(SettingsError, match=message):
        choose_devices(parts=4)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("gpu", "no device 'gpu'"),
        ("meta", "'meta' is not supported"),
        ("cpu,cpu", "names one twice"),
        ("cuda:77", "cuda:77 is not there"),
    ],
)
def test_a_device_that_cannot_be_is_refused(monkeypatch, wanted, message):
    monkeypatch.setenv("UNDERSTUDY_DEVICE", wanted)
    with pytest.raises(SettingsError, match=message):
        choose_device()
    with pytest.raises(SettingsError, match=message):
        choose_devices(parts=2)


def test_under_torchrun_a_process_has_one_device(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("UNDERSTUDY_PROCESSES", "2")
    assert choose_devices(parts=2) == [CPU]
