"""The instruction set that artifacts are computed with."""

import os
from pathlib import Path

import pytest

from understudy import arithmetic
from understudy.arithmetic import SHARED, check_choice, cpu_facts, level, settle
from understudy.errors import SettingsError

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Old: one
flags\t\t: {}

processor\t: 1
flags\t\t: avx2
"""
NEEDED = "fpu avx avx2 fma f16c bmi2"


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Lets the kernel report a CPU with these flags on an architecture."""

    def report(flags: str, machine: str = "x86_64") -> None:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.txt"
        file.write_text(CPUINFO.format(flags))
        monkeypatch.setattr(arithmetic, "cpu_facts", lambda: cpu_facts(file))
        uname = os.uname()
        monkeypatch.setattr(os, "uname", lambda: os.uname_result((*uname[:4], machine)))

    return report


def test_what_the_shell_says_of_instructions_is_overruled(on):
    on(NEEDED)
    environment = {"MKL_CBWR": "AVX2", "HOME": "/there"}
    settle(environment)
    assert environment == {"HOME": "/there", **SHARED}


@pytest.mark.parametrize(
    ("flags", "machine"), [(NEEDED.replace(" fma", ""), "x86_64"), ("sse4_2", "x86_64"), ("", "aarch64")]
)
def test_a_machine_without_the_shared_instructions_is_left_alone(on, flags: str, machine: str):
    on(flags, machine)
    environment: dict[str, str] = {}
    settle(environment)
    assert environment == {}
    assert level(environment) == "native"


def test_native_leaves_the_choice_to_the_libraries(on):
    on(NEEDED)
    environment = {"UNDERSTUDY_CPU": "native"}
    settle(environment)
    assert environment == {"UNDERSTUDY_CPU": "native"}
    assert level(environment) == "native"
    assert level({"UNDERSTUDY_CPU": "shared"}) == level({}) == "x86-64-v3"


def test_another_choice_is_refused_in_one_line():
    with pytest.raises(SettingsError, match="UNDERSTUDY_CPU: 'fast' is not supported; expected shared or native"):
        check_choice({"UNDERSTUDY_CPU": "fast"})


def test_only_the_first_cpu_is_read(tmp_path: Path):
    (tmp_path / "cpuinfo").write_text(CPUINFO.format("sse4_2"))
    facts = cpu_facts(tmp_path / "cpuinfo")
    assert (facts["vendor_id"], facts["model name"], facts["flags"]) == ("GenuineIntel", "Old: one", "sse4_2")


def test_where_the_kernel_says_nothing_there_is_nothing(tmp_path: Path):
    assert cpu_facts(tmp_path / "none") == {}
