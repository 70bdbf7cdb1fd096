"""What a model is in numbers that need no training: found from shapes, on torch's meta device, where nothing lies.

Of `driven`, whose shapes follow from faces, found by computing with a few drawn ones.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils.flop_counter import FlopCounterMode

from tests.models.cartoons import cartoon_faces
from understudy.autoencoding import AutoencoderSettings
from understudy.blocks.convolution import Dense
from understudy.lossmix import mixture
from understudy.model import FaceModel, count_parameters, make_model
from understudy.networks import SIDES, FaceNetwork
from understudy.params import Settings
from understudy.randomness import torch_generator

META = torch.device("meta")
PERSON = "somebody else"
DECODERS = ("decoder", "decoders", "mask", "masks")
FEW, MORE = 2, 4  # faces a side: what the further ones keep is what a face keeps
CHANNELS = 6  # of what is wanted of a face: RGB, mask, eyes, mouth
FLOAT_BYTES = 4
Part = Literal["encoder", "middle", "source", "target", "both"]
PARTS: tuple[Part, ...] = ("encoder", "middle", "source", "target", "both")


@dataclass(frozen=True)
class Size:
    """A model of two people.

    parts         parameters of the encoder, of the dense code and all that lies between, and of the decoders: the
                  source's, the target's, and one that both share
    gflop         10⁹ operations of a face forward: a source's, a target's; a multiplication and an addition are two
    person        parameters that one more person costs; None where there can be no more
    entry_bytes   what autograd keeps of a face of each side, in a step of training
    """

    input_px: int
    output_px: int
    parts: Mapping[Part, int]
    gflop: tuple[float, float]
    person: int | None
    entry_bytes: int

    @property
    def parameters(self) -> int:
        """All of them."""
        return sum(self.parts.values())


def size_of(name: str, settings: Settings) -> Size:
    """The size of a model with these settings."""
    if not isinstance(settings, AutoencoderSettings):
        return _driven_size(make_model(name, settings, seed=0, device=torch.device("cpu")))
    network, larger = (network_of(name, settings, people=people) for people in (SIDES, ("source", PERSON, "target")))
    return Size(
        network.input_px,
        network.outputs_px[-1],
        parts_of(network),
        (gflop(lambda: _seen(network, "source")), gflop(lambda: _seen(network, "target"))),
        count_parameters(larger) - count_parameters(network),
        entry_bytes(lambda faces: _learnt(network, settings, faces), network.parameters()),
    )


def network_of(name: str, settings: Settings, *, people: Iterable[str]) -> FaceNetwork:
    """An autoencoder's network on the meta device: shapes, and no values."""
    module = importlib.import_module(f"understudy.models.{name}")
    with META:
        network: FaceNetwork = module.Network(settings, people=tuple(people))
    return network


def parts_of(network: nn.Module) -> dict[Part, int]:
    """Parameters by part; the code begins with the first dense layer, or where the encoder ends."""
    dense = {id(weight) for module in network.modules() if isinstance(module, Dense) for weight in module.parameters()}
    has_encoder, is_behind = hasattr(network, "encoder"), False
    found: dict[Part, int] = dict.fromkeys(PARTS, 0)
    for name, weight in network.named_parameters():
        path = name.split(".")
        is_behind = is_behind or id(weight) in dense or (has_encoder and path[0] != "encoder")
        found[_decoder(path) if path[0] in DECODERS else "middle" if is_behind else "encoder"] += weight.numel()
    return found


def fixed_bytes(parameters: int, *, threads: int = 1) -> int:
    """What training holds whatever the batch: weights, gradients of each thread, Adam's two moments, the average."""
    return FLOAT_BYTES * parameters * (1 + threads + 2 + 1)


def gflop(compute: Callable[[], object]) -> float:
    """10⁹ operations of what is computed, without gradients."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        compute()
    return counter.get_total_flops() / 1e9


def entry_bytes(compute: Callable[[int], Tensor], weights: Iterable[Tensor]) -> int:
    """What autograd keeps for the way back of each face a side, where `compute` makes the loss of so many a side."""
    known = list(weights)
    few, more = (kept_bytes(partial(compute, number), known) for number in (FEW, MORE))
    return (more - few) // (MORE - FEW)


def kept_bytes(compute: Callable[[], Tensor], weights: Iterable[Tensor]) -> int:
    """What autograd keeps for the way back; what lies in the same place counts once, and `weights` do not."""
    known = {_place(weight) for weight in weights}
    kept: dict[int, Tensor] = {}  # tensors, for places are used again once a tensor is gone

    def keep(tensor: Tensor) -> Tensor:
        if _place(tensor) not in known:
            kept[_place(tensor)] = tensor
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = compute()
    assert loss.requires_grad
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def _learnt(network: FaceNetwork, settings: AutoencoderSettings, faces: int) -> Tensor:
    """The loss of so many faces a side, as Autoencoder has it."""
    inputs: dict[str, Tensor] = {side: _faces(network, faces) for side in SIDES}
    made = network.learn(inputs, generator=torch_generator(0, "chance"))
    losses = []
    for each in made.values():
        wanted = {px: torch.zeros(faces, CHANNELS, px, px, device=META) for px in network.outputs_px}
        losses.append(mixture(each, wanted, settings.losses, background=settings.background))
    return torch.stack(losses).sum()


def _seen(network: FaceNetwork, person: str) -> object:
    return network(_faces(network, 1), person)


def _faces(network: FaceNetwork, number: int) -> Tensor:
    return torch.zeros(number, 3, network.input_px, network.input_px, device=META)


def _driven_size(model: FaceModel) -> Size:
    """Of the renderer, all of which paints the source."""
    people = cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3)
    model.begin(*people)
    few = people[1].split("validation")
    painted = model.paint(few).patches_NHWC.shape[1]

    def learnt(faces: int) -> Tensor:
        return torch.stack(list(model.losses(step=0, part=0, faces=faces).values())).sum()

    each = gflop(lambda: model.paint(few)) / len(few)
    parts: dict[Part, int] = {**dict.fromkeys(PARTS, 0), "source": count_parameters(model.network)}
    kept = entry_bytes(learnt, model.network.parameters())
    return Size(painted, painted, parts, (each, each), None, kept)


def _decoder(path: list[str]) -> Part:
    return "source" if "source" in path else "target" if "target" in path else "both"


def _place(tensor: Tensor) -> int:
    return StorageWeakRef(tensor.untyped_storage()).cdata  # type: ignore[no-untyped-call]
