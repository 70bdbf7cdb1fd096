"""The instruction set that numbers are computed with: what all x86-64 machines with AVX2 share, so that they agree.

numpy, torch, OpenCV and the libraries below them choose their kernels by the CPU they find. Sums are then split
otherwise, functions approximated otherwise, and the last bits of results differ from machine to machine. `settle` holds
every one of them to AVX2 and FMA (x86-64-v3: Intel since 2013, AMD since 2015), and MKL, which asks for the vendor too,
to the one mode in which Intel and AMD agree. They read these variables when they are loaded: `understudy/__init__.py`
settles before anything else, and a stage imports `understudy.stage` before any other package. Processes that a stage
starts inherit them.

    UNDERSTUDY_CPU   native leaves the choice to the libraries, and artifacts then belong to this type of CPU;
                     shared, or unset, holds them to what machines share.

Machines without AVX2, and those that are no x86-64, always compute natively.
"""

import os
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from understudy.errors import SettingsError

Level = Literal["x86-64-v3", "native"]

CHOICES = ("shared", "native")
CPUINFO = Path("/proc/cpuinfo")
NEEDED = frozenset({"avx2", "fma", "f16c", "bmi2"})
SHARED = {
    "ATEN_CPU_CAPABILITY": "avx2",  # torch's own kernels
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # its convolutions
    "MKL_CBWR": "COMPATIBLE",  # its matrix products; "AVX2" would count on Intel alone
    "OPENBLAS_CORETYPE": "Haswell",  # linear algebra of numpy and scipy
    "OPENBLAS_NUM_THREADS": "1",  # it splits long sums over its threads
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # numpy's own functions and sorts
    "OPENCV_CPU_DISABLE": "AVX512-SKX",
    "OPENCV_IPP": "avx2",  # Intel's primitives within OpenCV
    "ARROW_USER_SIMD_LEVEL": "AVX2",
}


def settle(environment: MutableMapping[str, str] = os.environ) -> None:
    """Hold the libraries that are yet to be loaded to the shared level, whatever the environment said of them."""
    if level(environment) != "native":
        environment.update(SHARED)


def level(environment: Mapping[str, str] = os.environ) -> Level:
    """The instruction set that this process computes with."""
    wants_native = environment.get("UNDERSTUDY_CPU") == "native"
    return "native" if wants_native or not _has_shared_level() else "x86-64-v3"


def check_choice(environment: Mapping[str, str] = os.environ) -> None:
    """Raises SettingsError when UNDERSTUDY_CPU is none of the choices."""
    wanted = environment.get("UNDERSTUDY_CPU") or CHOICES[0]
    if wanted not in CHOICES:
        raise SettingsError(
            f"UNDERSTUDY_CPU: {wanted!r} is not supported; expected {' or '.join(CHOICES)}, or unset it"
        )


@cache
def cpu_facts(cpuinfo: Path = CPUINFO) -> Mapping[str, str]:
    """What the kernel says of the first CPU, by key (vendor_id, model name, flags); nothing where it says nothing."""
    facts: dict[str, str] = {}
    with suppress(OSError), cpuinfo.open(encoding="utf-8", errors="replace") as file:
        for line in file:  # the first CPU's alone: with hundreds of them the whole file takes its time
            key, colon, value = line.partition(":")
            if not colon:
                break
            facts[key.strip()] = value.strip()
    return facts


def _has_shared_level() -> bool:
    return os.uname().machine == "x86_64" and set(cpu_facts().get("flags", "").split()) >= NEEDED
