from importlib import import_module
from pathlib import Path

import pytest
import torch

from understudy import augmentations
from understudy.augmentations import affine, color, flip, warp
from understudy.sampling import grid_positions, read_at

FOLDER = Path(augmentations.__file__).parent
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")
STRENGTHS = {
    "affine": {"rotation_deg": 20.0, "zoom": 0.1, "shift": 0.1},
    "flip": {"share": 0.5},
    "warp": {"strength": 0.05},
    "color": {"strength": 0.1},
}


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


def blob(points_BN2, side=96):
    """Pictures with a soft spot at a normalised point."""
    grid = grid_positions(side)
    distance = ((grid[:, None] - points_BN2[:, :, None, None]) ** 2).sum(-1)
    return torch.exp(-distance / (2 * 0.04**2)).sum(1, keepdim=True)


def brightest(picture):
    side = picture.shape[-1]
    index = int(picture.flatten().argmax())
    return torch.tensor([(index % side + 0.5) / side * 2 - 1, (index // side + 0.5) / side * 2 - 1])


@pytest.mark.parametrize("name", NAMES)
def test_a_draw_can_be_replayed(name):
    augmentation = import_module(f"understudy.augmentations.{name}")
    first, second = (augmentation.sample(generator(), number=4, **STRENGTHS[name]) for _ in range(2))
    values = [vars(drawn).values() for drawn in (first, second)]
    assert all(torch.equal(left, right) for left, right in zip(*values, strict=True))


def test_a_warp_of_no_strength_gives_exactly_the_targets_pixels():
    pictures = torch.rand(3, 3, 80, 80, generator=generator())
    move = affine.sample(generator(), number=3, **STRENGTHS["affine"])
    wanted_at = affine.apply(move, grid_positions(64).expand(3, -1, -1, -1)) / 1.25
    bend = warp.sample(generator(), number=3, strength=0.0)
    inputs = read_at(pictures, warp.apply(bend, wanted_at))
    assert torch.equal(inputs, read_at(pictures, wanted_at))


def test_a_warp_displaces_by_its_strength_and_by_nothing_on_average():
    bend = warp.sample(generator(), number=400, strength=0.03)
    moved = warp.apply(bend, grid_positions(32)) - grid_positions(32)
    nodes = bend.nodes_B2NN
    assert nodes.std().item() == pytest.approx(0.06, rel=0.05)
    assert abs(moved.mean().item()) < 0.002


def test_points_and_pixels_move_together_under_an_affine_draw():
    points = torch.tensor([[[0.3, -0.2]], [[-0.4, 0.35]]])
    move = affine.sample(generator(), number=2, **STRENGTHS["affine"])
    seen = read_at(blob(points), affine.apply(move, grid_positions(96).expand(2, -1, -1, -1)))
    landed = affine.apply_to_points(move, points)
    for index in range(2):
        assert torch.allclose(brightest(seen[index]), landed[index, 0], atol=0.03)


def test_an_affine_draw_undone_returns_the_points():
    points = torch.rand(2, 68, 2, generator=generator()) - 0.5
    move = affine.sample(generator(), number=2, **STRENGTHS["affine"])
    landed = affine.apply_to_points(move, points)
    assert torch.allclose(affine.apply(move, landed[:, None])[:, 0], points, atol=1e-5)


def test_a_mirrored_face_keeps_the_numbers_of_its_landmarks():
    points = torch.rand(2, 68, 2, generator=generator()) - 0.5
    mirrored = flip.apply_to_points(flip.Flip(torch.tensor([-1.0, 1.0])), points)
    assert torch.equal(mirrored[1], points[1])
    assert torch.equal(mirrored[0, 36], points[0, 45] * torch.tensor([-1.0, 1.0]))
    assert torch.equal(flip.apply_to_points(flip.Flip(torch.tensor([-1.0, 1.0])), mirrored), points)


def test_mirrored_pixels_and_points_move_together():
    points = torch.rand(1, 68, 2, generator=generator()) - 0.5
    mirror = flip.Flip(torch.tensor([-1.0]))
    seen = read_at(blob(points[:, 8:9]), flip.apply(mirror, grid_positions(96)))
    assert torch.allclose(brightest(seen[0]), flip.apply_to_points(mirror, points)[0, 8], atol=0.03)


def test_colour_of_no_strength_changes_nothing():
    pictures = torch.rand(2, 3, 8, 8, generator=generator())
    assert torch.equal(color.apply(color.sample(generator(), number=2, strength=0.0), pictures), pictures)
