"""Where networks compute: the CPU, or CUDA devices; chosen by the environment, never by a parameter."""

import os

import torch

from understudy.endings import say
from understudy.errors import SettingsError
from understudy.group import cannot_share, usable_numbers

EXPECTED = "expected cpu, cuda, cuda:N, or several as cuda:N,cuda:M"


def choose_device() -> torch.device:
    """The device UNDERSTUDY_DEVICE names, the first when it names several; else CUDA where there is one, else the CPU.

    On CUDA, operations are asked to be deterministic. Raises SettingsError when the device is unknown or not there.
    """
    device = (_named_devices() or _seen_devices())[0]
    prepare(device)
    return device


def choose_devices(*, parts: int) -> list[torch.device]:
    """The devices that train together, a process each.

    Those that UNDERSTUDY_DEVICE names; when unset, all CUDA devices that can be seen, or the CPU. UNDERSTUDY_PROCESSES
    says how many of them, or how many processes on the CPU. Raises SettingsError when the `parts` of a step cannot be
    shared by as many as were asked for; where nothing was asked for, as many are taken as can, and a line says so.
    Under torchrun it is this process's one.
    """
    if "LOCAL_RANK" in os.environ:
        return [_device_of_this()]
    named, wanted = _named_devices(), os.environ.get("UNDERSTUDY_PROCESSES", "")
    devices = named or _seen_devices()
    if wanted:
        devices = _as_many(devices, wanted)
    if len(devices) in usable_numbers(parts):
        return devices
    if wanted or named:
        raise SettingsError(f"{'UNDERSTUDY_PROCESSES' if wanted else 'UNDERSTUDY_DEVICE'}: {cannot_share(parts)}")
    usable = max(number for number in usable_numbers(parts) if number < len(devices))
    say(f"training: {usable} of {len(devices)} devices are used; {cannot_share(parts)}")
    return devices[:usable]


def prepare(device: torch.device) -> None:
    """Make `device` this process's own, and its operations deterministic as far as they can be."""
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.cuda.set_device(device.index or 0)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False


def _device_of_this() -> torch.device:
    """The device of this process among those that torchrun started on this machine."""
    devices, place = _named_devices() or _seen_devices(), int(os.environ["LOCAL_RANK"])
    if devices[0].type == "cpu":
        return devices[0]
    if place >= len(devices):
        raise SettingsError(f"torchrun: started more processes on this machine than the {len(devices)} devices to use")
    return devices[place]


def _as_many(devices: list[torch.device], wanted: str) -> list[torch.device]:
    if not wanted.isdecimal() or int(wanted) < 1:
        raise SettingsError(f"UNDERSTUDY_PROCESSES: {wanted!r} is not a number from 1; unset it to use all devices")
    if devices[0].type == "cpu":
        return devices[:1] * int(wanted)
    if int(wanted) > len(devices):
        raise SettingsError(f"UNDERSTUDY_PROCESSES: {wanted} are more than the CUDA devices to use, {len(devices)}")
    return devices[: int(wanted)]


def _seen_devices() -> list[torch.device]:
    number = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [torch.device("cuda", index) for index in range(number)] or [torch.device("cpu")]


def _named_devices() -> list[torch.device]:
    """The devices UNDERSTUDY_DEVICE names; none when it is not set."""
    wanted = os.environ.get("UNDERSTUDY_DEVICE", "")
    devices = [_named(name.strip()) for name in wanted.split(",")] if wanted else []
    if len(set(devices)) < len(devices) or len({device.type for device in devices}) > 1:
        raise SettingsError(f"UNDERSTUDY_DEVICE: {wanted!r} names one twice, or several kinds; {EXPECTED}")
    return devices


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
