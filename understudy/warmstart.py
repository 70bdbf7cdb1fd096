"""A training that starts from the weights of another one, and says exactly what it took from them."""

from pathlib import Path, PurePosixPath

import torch
from pydantic import Field, field_validator
from safetensors import SafetensorError
from safetensors.torch import load_file

from understudy.errors import ModelError
from understudy.files import sha256_of
from understudy.params import Settings
from understudy.phases import is_below


class StartFrom(Settings):
    """Weights to start from."""

    weights: str
    """A safetensors file within the project: another swapper's weights, or some that were trained on many people."""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Its SHA-256; `sha256sum` tells. Training is refused with any other content."""
    leave: tuple[str, ...] = ()
    """Parts that are not taken, by the beginning of their names: decoders, inters.source."""
    must_fit: tuple[str, ...] = ()
    """Parts of which every weight must be found in the file, in its shape; else training is refused."""

    @field_validator("weights")
    @classmethod
    def _lies_within(cls, weights: str) -> str:
        path = PurePosixPath(weights)
        if path.is_absolute() or ".." in path.parts or path.suffix != ".safetensors":
            raise ValueError("must be a .safetensors file within the project, by a path relative to its top folder")
        return weights


class Report(Settings):
    """What became of a warm start, by the names of weights.

    taken      were in the file and are in the network
    fresh      are in the network and start as its initialiser says: absent from the file, or of another shape there
    unused     were in the file and are not in the network, or were to be left
    """

    taken: list[str]
    fresh: list[str]
    unused: list[str]

    def said(self) -> str:
        """One line for people."""
        return f"{len(self.taken)} weights taken, {len(self.fresh)} start afresh, {len(self.unused)} of the file unused"


@torch.no_grad()
def start_from(network: torch.nn.Module, chosen: StartFrom) -> Report:
    """Fill what fits of the network's weights and buffers from a file, and tell.

    Raises ModelError when the file is missing, is another one, or lacks a weight that must fit.
    """
    path = Path(chosen.weights)
    if not path.is_file():
        raise ModelError(
            f"params.yaml: swapper.start_from.weights: no file {path}; put it there or take start_from out"
        )
    found = sha256_of(path)
    if found != chosen.sha256:
        raise ModelError(
            f"{path}: SHA-256 {found[:16]}…, params.yaml: swapper.start_from.sha256 is {chosen.sha256[:16]}…"
        )
    try:
        given = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: not readable as safetensors ({error}); make it again") from error
    own = network.state_dict()
    fits = {name for name in own if name in given and given[name].shape == own[name].shape}
    taken = sorted(name for name in fits if not is_below(name, chosen.leave))
    missing = sorted(name for name in own if name not in fits and is_below(name, chosen.must_fit))
    if missing:
        raise ModelError(
            f"{path}: {missing[0]} and {len(missing) - 1} more are missing or of another shape, and must fit"
        )
    for name in taken:
        own[name].copy_(given[name])
    return Report(taken=taken, fresh=sorted(set(own) - set(taken)), unused=sorted(set(given) - set(taken)))
