"""Perceptual distance with networks of random weights, against the same networks written layer by layer."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from understudy.errors import ModelError
from understudy.files import sha256_of
from understudy.losses.lpips import lpips

ALEX = {0: (4, 3, 11), 3: (5, 4, 5), 6: (6, 5, 3), 8: (5, 6, 3), 10: (4, 5, 3)}
VGG = {0: 3, 2: 3, 5: 4, 7: 4, 10: 5, 12: 5, 14: 5, 17: 4, 19: 4, 21: 4, 24: 3, 26: 3, 28: 3}
SQUEEZE = {3: (2, 3), 4: (2, 3), 6: (3, 4), 7: (3, 4), 9: (2, 5), 10: (2, 5), 11: (3, 3), 12: (3, 4)}


def random(*shape, seed):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape) / np.prod(shape[1:]) ** 0.5)


def convolution(network, name, shape):
    network[f"{name}.weight"] = random(*shape, seed=len(network))
    network[f"{name}.bias"] = random(shape[0], seed=100 + len(network))


def network_of(net):
    """Random weights under torchvision's names, and the number of channels of every feature."""
    network = {}
    if net == "alex":
        for number, (made, taken, side) in ALEX.items():
            convolution(network, f"features.{number}", (made, taken, side, side))
        return network, [4, 5, 6, 5, 4]
    if net == "vgg16":
        for (number, made), taken in zip(VGG.items(), [3, *VGG.values()], strict=False):
            convolution(network, f"features.{number}", (made, taken, 3, 3))
        return network, [3, 4, 5, 4, 3]
    convolution(network, "features.0", (4, 3, 3, 3))
    taken = 4
    for number, (squeezed, expanded) in SQUEEZE.items():
        convolution(network, f"features.{number}.squeeze", (squeezed, taken, 1, 1))
        convolution(network, f"features.{number}.expand1x1", (expanded, squeezed, 1, 1))
        convolution(network, f"features.{number}.expand3x3", (expanded, squeezed, 3, 3))
        taken = 2 * expanded
    return network, [4, 6, 8, 10, 10, 6, 8]


def features_of(net, network, pictures):
    """Torchvision's networks as their papers describe them, numbered by what has no weights too."""

    def conv(values, name, **how):
        return functional.relu(functional.conv2d(values, network[f"{name}.weight"], network[f"{name}.bias"], **how))

    def fire(values, number):
        squeezed = conv(values, f"features.{number}.squeeze")
        sides = (
            conv(squeezed, f"features.{number}.expand1x1"),
            conv(squeezed, f"features.{number}.expand3x3", padding=1),
        )
        return torch.cat(sides, 1)

    if net == "alex":
        one = conv(pictures, "features.0", stride=4, padding=2)
        two = conv(functional.max_pool2d(one, 3, 2), "features.3", padding=2)
        three = conv(functional.max_pool2d(two, 3, 2), "features.6", padding=1)
        four = conv(three, "features.8", padding=1)
        return [one, two, three, four, conv(four, "features.10", padding=1)]
    if net == "vgg16":
        found, values = [], pictures
        for block in ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)):
            values = functional.max_pool2d(values, 2) if found else values
            for number in block:
                values = conv(values, f"features.{number}", padding=1)
            found.append(values)
        return found
    found = [conv(pictures, "features.0", stride=2)]
    for block in ((3, 4), (6, 7), (9,), (10,), (11,), (12,)):
        values = functional.max_pool2d(found[-1], 3, 2, ceil_mode=True) if block[0] in (3, 6, 9) else found[-1]
        for number in block:
            values = fire(values, number)
        found.append(values)
    return found


def files_of(folder, net, *, torch_files=False):
    network, channels = network_of(net)
    counts = {f"lin{n}.model.1.weight": random(1, count, 1, 1, seed=n).abs() for n, count in enumerate(channels)}
    given = {}
    for name, option, tensors in (("weights", "sha256", network), ("calibration", "calibration_sha256", counts)):
        path = folder / f"{name}.{'pth' if torch_files else 'safetensors'}"
        if torch_files:
            torch.save(tensors, path)
        else:
            save_file(tensors, path)
        given |= {name: path, option: sha256_of(path)}
    return network, list(counts.values()), given


def pictures(seed):
    return torch.from_numpy(np.random.default_rng(seed).random((2, 3, 70, 64)))


ALL = torch.ones(2, 1, 70, 64, dtype=torch.float64)


@pytest.mark.parametrize("net", ["alex", "squeeze", "vgg16"])
def test_a_distance_is_that_of_normalised_features(net, tmp_path):
    network, counts, files = files_of(tmp_path, net)
    stacks = []
    for seed in (1, 2):
        shift, scale = torch.tensor([[-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]], dtype=torch.float64)
        centred = (2 * pictures(seed) - 1 - shift.view(1, 3, 1, 1)) / scale.view(1, 3, 1, 1)
        stacks.append([f / (f.norm(dim=1, keepdim=True) + 1e-10) for f in features_of(net, network, centred)])
    expected = sum(((one - two) ** 2 * count).sum(1).mean() for one, two, count in zip(*stacks, counts, strict=True))
    found = lpips(pictures(1), pictures(2), weight_B1HW=ALL, net=net, **files)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_torch_files_serve_as_well(tmp_path):
    _, _, files = files_of(tmp_path, "alex")
    _, _, others = files_of(tmp_path, "alex", torch_files=True)
    one, other = (lpips(pictures(1), pictures(2), weight_B1HW=ALL, **given) for given in (files, others))
    assert one.item() == other.item()


def test_missing_weights_are_named(tmp_path):
    _, _, files = files_of(tmp_path, "alex")
    with pytest.raises(ModelError, match=r"none\.pth: no such weights; put the file with SHA-256"):
        lpips(pictures(1), pictures(2), weight_B1HW=ALL, **{**files, "weights": tmp_path / "none.pth"})


def test_weights_of_another_hash_are_never_read(tmp_path):
    _, _, files = files_of(tmp_path, "alex")
    files["weights"].write_bytes(b"no tensors at all")
    with pytest.raises(ModelError, match="expected"):
        lpips(pictures(1), pictures(2), weight_B1HW=ALL, **files)


def test_the_files_of_another_network_are_refused(tmp_path):
    _, _, files = files_of(tmp_path, "alex")
    with pytest.raises(ModelError, match="give the files of `vgg16`"):
        lpips(pictures(1), pictures(2), weight_B1HW=ALL, net="vgg16", **files)
