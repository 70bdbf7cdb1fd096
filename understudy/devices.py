"""Where networks compute: the CPU, or a CUDA device; chosen by the environment, never by a parameter."""

import os

import torch

from understudy.errors import SettingsError


def choose_device() -> torch.device:
    """The device UNDERSTUDY_DEVICE names; when unset, CUDA where there is one, else the CPU.

    On CUDA, operations are asked to be deterministic. Raises SettingsError when the device is unknown or not there.
    """
    wanted = os.environ.get("UNDERSTUDY_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise SettingsError(f"UNDERSTUDY_DEVICE: no device {wanted!r}; expected cpu, cuda or cuda:N") from None
    if device.type not in ("cpu", "cuda"):
        raise SettingsError(f"UNDERSTUDY_DEVICE: {wanted!r} is not supported; expected cpu, cuda or cuda:N")
    if device.type == "cuda" and not _is_there(device):
        raise SettingsError(f"UNDERSTUDY_DEVICE: {wanted} is not there; {torch.cuda.device_count()} CUDA devices are")
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
    return device


def _is_there(device: torch.device) -> bool:
    return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
