"""Parameters of networks that need not exist: built without memory."""

import torch

from understudy.model import model_settings
from understudy.networks import FaceNetwork

LEAST = {"batch": 1, "learning_rate": 1e-4, "losses": [{"loss": "mae"}]}
MASKED = {"learn_mask": True, "losses": [{"loss": "mae"}, {"loss": "mae", "of": "mask"}]}


def network_of(module, people=None, **changes) -> FaceNetwork:
    """The network of a model's module on the meta device: shapes, and no values."""
    settings = model_settings(module.__name__.rpartition(".")[2]).model_validate(
        LEAST | (MASKED if changes.get("learn_mask") else {}) | changes
    )
    with torch.device("meta"):
        return module.Network(settings) if people is None else module.Network(settings, people=people)


def count(module: torch.nn.Module) -> int:
    """The number of trained values."""
    return sum(parameter.numel() for parameter in module.parameters())


def rebuilt(network: FaceNetwork, person: str = "source", faces: int = 2):
    """What the network makes of faces, on the meta device."""
    with torch.device("meta"):
        return network(torch.zeros(faces, 3, network.input_px, network.input_px), person)


def count_with_statistics(module: torch.nn.Module) -> int:
    """The trained values, and what batch norms know of their faces."""
    return count(module) + sum(buffer.numel() for buffer in module.buffers())
