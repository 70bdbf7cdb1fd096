"""What a network was trained on, in words: for whoever finds that another machine makes other bytes.

A record lies beside the weights and is fetched with them, and nothing is ever made from it: two machines that compute
the same write the same weights and each its own record. It holds no time and no name of a machine or a person.
"""

import json
import os
import platform
from contextlib import suppress
from pathlib import Path

import torch

from understudy.arithmetic import cpu_facts, level

PLATFORM = "platform.json"
NVIDIA_DRIVER = Path("/sys/module/nvidia/version")


def platform_record(device: torch.device) -> str:
    """JSON, sorted: the CPU, the instruction set in force, the device and its driver, kernel, libc and Python."""
    return json.dumps(_facts(device), indent=2, sort_keys=True) + "\n"


def _facts(device: torch.device) -> dict[str, object]:
    cpu = cpu_facts()
    return {
        "arithmetic": level(),
        "cpu": {
            "machine": os.uname().machine,
            "model": cpu.get("model name"),
            "vendor": cpu.get("vendor_id"),
            "torch_kernels": torch.backends.cpu.get_cpu_capability(),
        },
        "device": _cuda(device) if device.type == "cuda" else {"type": device.type},
        "kernel": f"{os.uname().sysname} {os.uname().release}",
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _cuda(device: torch.device) -> dict[str, object]:
    major, minor = torch.cuda.get_device_capability(device)
    return {
        "type": device.type,
        "name": torch.cuda.get_device_name(device),
        "capability": f"{major}.{minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "driver": _driver(),
    }


def _driver() -> str | None:
    with suppress(OSError):
        return NVIDIA_DRIVER.read_text(encoding="utf-8").strip()
    return None
