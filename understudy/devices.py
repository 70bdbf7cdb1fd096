"""Where networks compute: the CPU, or CUDA devices; chosen by the environment, never by a parameter."""

import os

import torch

from understudy.errors import SettingsError

EXPECTED = "expected cpu, cuda, cuda:N, or several as cuda:N,cuda:M"


def choose_device() -> torch.device:
    """The device UNDERSTUDY_DEVICE names, the first when it names several; else CUDA where there is one, else the CPU.

    On CUDA, operations are asked to be deterministic. Raises SettingsError when the device is unknown or not there.
    """
    device = (named_devices() or seen_devices())[0]
    prepare(device)
    return device


def seen_devices() -> list[torch.device]:
    """All CUDA devices that can be seen; the CPU where there are none."""
    number = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [torch.device("cuda", index) for index in range(number)] or [torch.device("cpu")]


def named_devices() -> list[torch.device]:
    """The devices UNDERSTUDY_DEVICE names; none when it is not set.

    Raises SettingsError when one is unknown, not there, named twice, or of another kind than the others.
    """
    wanted = os.environ.get("UNDERSTUDY_DEVICE", "")
    devices = [_named(name.strip()) for name in wanted.split(",")] if wanted else []
    if len(set(devices)) < len(devices) or len({device.type for device in devices}) > 1:
        raise SettingsError(f"UNDERSTUDY_DEVICE: {wanted!r} names one twice, or several kinds; {EXPECTED}")
    return devices


def prepare(device: torch.device) -> None:
    """Make `device` this process's own, and its operations deterministic as far as they can be."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.cuda.set_device(device.index or 0)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False


def _named(wanted: str) -> torch.device:
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise SettingsError(f"UNDERSTUDY_DEVICE: no device {wanted!r}; {EXPECTED}") from None
    if device.type not in ("cpu", "cuda"):
        raise SettingsError(f"UNDERSTUDY_DEVICE: {wanted!r} is not supported; {EXPECTED}")
    if device.type == "cuda" and not _is_there(device):
        raise SettingsError(f"UNDERSTUDY_DEVICE: {wanted} is not there; {torch.cuda.device_count()} CUDA devices are")
    return device


def _is_there(device: torch.device) -> bool:
    return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
