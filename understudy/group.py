"""Processes that train one model together, and the order in which what they computed is summed.

A step is cut into parts. Parts are summed in pairs of neighbours, pairs in pairs, and so on: a tree that is the same
whatever the number of processes. Each process computes a block of parts that is a whole branch of the tree; the
branches are exchanged, and every process adds them up by itself. So the bytes do not depend on how many there are.
"""

import hashlib
import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from understudy.devices import named_devices, seen_devices
from understudy.endings import say
from understudy.errors import ModelError, ProcessError, SettingsError


@dataclass(frozen=True)
class Group:
    """A process among those that train together: the `rank`-th of `number`, from 0, with a device of its own."""

    device: torch.device
    rank: int = 0
    number: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes: checkpoints, history, previews, the artifact."""
        return self.rank == 0

    def block(self, parts: int) -> range:
        """The parts that this process computes. Raises ModelError when `parts` do not divide so."""
        if self.number not in usable_numbers(parts):
            raise ModelError(f"{self.number} processes: {cannot_share(parts)}")
        each = parts // self.number
        return range(self.rank * each, (self.rank + 1) * each)

    def gathered(self, tensor: Tensor) -> list[Tensor]:
        """The tensor of every process, in order of their ranks. Raises ProcessError when one of them is gone."""
        if self.number == 1:
            return [tensor]
        found = [torch.empty_like(tensor) for _ in range(self.number)]
        try:
            dist.all_gather(found, tensor)
        except RuntimeError as error:
            raise ProcessError("training: another of its processes is gone; see what that one said") from error
        return found

    def check_same(self, value: str, what: str) -> None:
        """Raises ModelError when `value` is not the same in all processes; `what` says of what."""
        digest = hashlib.sha256(value.encode()).digest()
        mine = torch.tensor(list(digest), dtype=torch.uint8, device=self.device)
        if any(not torch.equal(mine, theirs) for theirs in self.gathered(mine)):
            raise ModelError(
                f"training: {what} differ between the processes; "
                "run them in one shared folder, with the same code, parameters and face sets"
            )

    def share(self, network: torch.nn.Module) -> None:
        """Every process's network as that of the first, to the byte."""
        for tensor in network.state_dict().values() if self.number > 1 else ():
            dist.broadcast(tensor, src=0)

    def wait(self) -> None:
        """Until every process has come here."""
        self.gathered(torch.zeros(1, device=self.device))


def choose_devices(*, parts: int) -> list[torch.device]:
    """The devices that train together, a process each.

    Those that UNDERSTUDY_DEVICE names; when unset, all CUDA devices that can be seen, or the CPU. UNDERSTUDY_PROCESSES
    says how many of them, or how many processes on the CPU. Raises SettingsError when the `parts` of a step cannot be
    shared by as many as were asked for; where nothing was asked for, as many are taken as can, and a line says so.
    Under torchrun it is this process's one.
    """
    if "LOCAL_RANK" in os.environ:
        return [_device_of_this()]
    named, wanted = named_devices(), os.environ.get("UNDERSTUDY_PROCESSES", "")
    devices = named or seen_devices()
    if wanted:
        devices = _as_many(devices, wanted)
    if len(devices) in usable_numbers(parts):
        return devices
    if wanted or named:
        raise SettingsError(f"{'UNDERSTUDY_PROCESSES' if wanted else 'UNDERSTUDY_DEVICE'}: {cannot_share(parts)}")
    usable = max(number for number in usable_numbers(parts) if number < len(devices))
    say(f"training: {usable} of {len(devices)} devices are used; {cannot_share(parts)}")
    return devices[:usable]


def usable_numbers(parts: int) -> list[int]:
    """Numbers of processes that can share `parts` parts of a step: blocks must be branches of the tree of sums."""
    blocks = [2**power for power in range(parts.bit_length()) if parts % 2**power == 0]
    return sorted({1, *(parts // block for block in blocks)})


def cannot_share(parts: int) -> str:
    """Why a number of processes is not usable, and what is."""
    *numbers, last = map(str, usable_numbers(parts))
    usable = f"{', '.join(numbers)} or {last}" if numbers else last
    return f"params.yaml: swapper.parts: {parts} parts of a step can be shared by {usable}; choose one, or change parts"


def _device_of_this() -> torch.device:
    """The device of this process among those that torchrun started on this machine."""
    devices, place = named_devices() or seen_devices(), int(os.environ["LOCAL_RANK"])
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
