from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from understudy import augmentations
from understudy.augmentations import affine, flip, warp
from understudy.sampling import grid_positions, read_at

FOLDER = Path(augmentations.__file__).parent
NAMES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")
LANDMARKS = torch.rand(8, 68, 2, generator=torch.Generator().manual_seed(5)) - 0.5
STRENGTHS = {
    "affine": {"rotation_deg": 20.0, "zoom": 0.1, "shift": 0.1},
    "flip": {"share": 0.5},
    "warp": {"strength": 0.05},
    "warp_cells": {"strength": 0.24},
    "warp_to_neighbour": {"strength": 1.0, "noise": 2 / 256},
}
PHOTOMETRIC = {
    "clahe": {"clip": 2.0},
    "color": {"strength": 0.1},
    "color_match": {"method": "rct", "strength": 1.0},
    "gaussian_blur": {"strength": 0.03},
    "hsv": {"strength": 0.2},
    "jpeg": {"strength": 0.9, "subsampling": "4:2:0"},
    "lab": {"lightness": 0.3, "tint": 0.08},
    "motion_blur": {"strength": 0.1},
    "noise": {"strength": 0.05},
    "resample": {"strength": 0.75},
    "shadow": {"strength": 0.7},
    "sharpen": {"strength": 1.0},
}
ROW_BY_ROW = sorted(set(PHOTOMETRIC) - {"color"})  # its draws are older than this rule; trained models rest on them


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


def drawn(name, *, number=8, seed=3, share=0.5, weakest=False):
    """A draw of any augmentation at its usual strength, or at none."""
    values = STRENGTHS.get(name) or PHOTOMETRIC[name]
    if weakest:
        values = {key: 0.0 if isinstance(value, float) else value for key, value in values.items()}
    if name in PHOTOMETRIC:
        values = import_module(f"understudy.augmentations.{name}").Settings(**values, share=share).model_dump()
    elif name == "warp_to_neighbour":
        neighbours = LANDMARKS.flip(0)[:number, None]
        values = values | {"points_BP2": LANDMARKS[:number], "neighbours_BKP2": neighbours}
    return import_module(f"understudy.augmentations.{name}").sample(generator(seed), number=number, **values)


def changed(name, parameters, pictures):
    others = (pictures.flip(0) ** 2,) if name == "color_match" else ()
    return import_module(f"understudy.augmentations.{name}").apply(parameters, pictures, *others)


def pictures(number=8, side=48):
    """Pictures with smooth parts and edges, in colours of all kinds."""
    tones = torch.rand(number, 3, 6, 6, generator=generator())
    smooth = functional.interpolate(tones, size=(side, side), mode="bicubic").clamp(0, 1)
    smooth[:, :, side // 3 : side // 2, side // 4 :] = tones[:, :, :1, :1]
    return smooth


def test_all_augmentations_are_tested():
    assert sorted(STRENGTHS | PHOTOMETRIC) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_draw_can_be_replayed_and_another_seed_draws_otherwise(name):
    first, second, other = (vars(drawn(name, seed=seed)) for seed in (3, 3, 4))
    tensors = [key for key, value in first.items() if isinstance(value, torch.Tensor)]
    assert all(torch.equal(first[key], second[key]) for key in tensors)
    assert not all(torch.equal(first[key], other[key]) for key in tensors)


@pytest.mark.parametrize("name", [*ROW_BY_ROW, "flip", "warp_cells", "warp_to_neighbour"])
def test_a_face_is_drawn_the_same_in_a_smaller_batch(name):
    whole, fewer = vars(drawn(name, share=1.0)), vars(drawn(name, number=5, share=1.0))
    for key, value in whole.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value[:5], fewer[key])


@pytest.mark.parametrize("name", NAMES)
def test_parameters_move_to_a_device_all_together(name):
    for value in vars(drawn(name).to(torch.device("meta"))).values():
        assert not isinstance(value, torch.Tensor) or value.is_meta


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"clahe"}))  # nothing is counted on a device without memory
def test_all_is_computed_on_the_device_of_the_parameters(name):
    """A tensor left on the CPU would not mix with those of another device."""
    device = torch.device("meta")
    parameters = drawn(name).to(device)
    if name in PHOTOMETRIC:
        assert changed(name, parameters, pictures().to(device)).is_meta
    else:
        positions = grid_positions(48).expand(8, -1, -1, -1).to(device)
        assert import_module(f"understudy.augmentations.{name}").apply(parameters, positions).is_meta


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_pictures_of_no_strength_keep_every_bit(name):
    assert torch.equal(changed(name, drawn(name, weakest=True, share=1.0), pictures()), pictures())


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_only_a_share_of_the_pictures_is_changed(name):
    """Of 64; a draw close to no change may change no bit."""
    before = pictures(64)
    for share, least, most in ((0.0, 0, 0), (0.5, 15, 44), (1.0, 48, 64)):
        after = changed(name, drawn(name, number=64, share=share), before)
        assert least <= int((after != before).flatten(1).any(1).sum()) <= most


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_pictures_stay_pictures_at_any_strength(name):
    """Black, white and pure colours too; and nothing is changed in place."""
    extremes = torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0, 1]])[:, :, None, None].expand(4, 3, 48, 48)
    before = torch.cat([pictures(4), extremes])
    kept = before.clone()
    after = changed(name, drawn(name, share=1.0), before)
    assert after.shape == before.shape
    assert after.dtype == before.dtype
    assert torch.isfinite(after).all()
    assert after.min() >= 0
    assert after.max() <= 1
    assert torch.equal(before, kept)


@pytest.mark.parametrize("name", sorted(set(ROW_BY_ROW) - {"color_match"}))
def test_a_picture_is_changed_the_same_whatever_else_is_in_the_batch(name):
    whole = changed(name, drawn(name, share=1.0), pictures())
    fewer = changed(name, drawn(name, number=5, share=1.0), pictures()[:5])
    assert torch.allclose(whole[:5], fewer, atol=1e-5)


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_every_photometric_setting_is_documented_and_required(name):
    fields = import_module(f"understudy.augmentations.{name}").Settings.model_fields
    assert "share" in fields
    assert all(field.description and field.is_required() for field in fields.values())


def test_a_warp_of_no_strength_gives_exactly_the_targets_pixels():
    stored = torch.rand(3, 3, 80, 80, generator=generator())
    move = affine.sample(generator(), number=3, **STRENGTHS["affine"])
    wanted_at = affine.apply(move, grid_positions(64).expand(3, -1, -1, -1)) / 1.25
    bend = warp.sample(generator(), number=3, strength=0.0)
    inputs = read_at(stored, warp.apply(bend, wanted_at))
    assert torch.equal(inputs, read_at(stored, wanted_at))


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
