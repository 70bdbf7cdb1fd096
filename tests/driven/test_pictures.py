import numpy as np
import pytest
import torch

from tests.models.cartoons import cartoon_points
from understudy.driven.atlas import Atlas, Traits
from understudy.driven.linemaps import CHANNELS, draw_maps
from understudy.driven.outline import moved_outline, painted_mask
from understudy.geometry import fit_crop
from understudy.plate import plate_positions
from understudy.sampling import grid_positions, normalised_from_px


def points(yaw_deg=0.0, mouth=0.1):
    face = cartoon_points("ada", yaw_deg=yaw_deg, mouth=mouth, lids=1.0)
    crop = fit_crop(face, resolution_px=192, coverage=1.6)
    moved = torch.from_numpy((face @ crop[:, :2].T + crop[:, 2]).astype(np.float32))
    return normalised_from_px(torch.cat([moved, moved[[36, 45]]])[None], 192)


def test_a_plate_onto_oneself_stays_put():
    still = points()
    field = plate_positions(still, still, resolution_px=48)
    assert (field - grid_positions(48)).abs().max().item() < 1e-3


def test_a_plate_takes_landmarks_to_landmarks():
    """Within what its stiffness allows: a pixel of 192."""
    first, second = points(12.0), points(-6.0, 0.2)
    field = plate_positions(first, second, resolution_px=192)
    for landmark in (30, 36, 45, 48, 54, 57):
        x, y = (int(value) for value in ((first[0, landmark] + 1) / 2 * 192 - 0.5).round())
        assert (field[0, y, x] - second[0, landmark]).abs().max().item() < 2.5 / 96


def test_maps_have_a_line_where_the_landmarks_are():
    still = points()
    maps = draw_maps(still, torch.tensor([0.1]), torch.tensor([1.0]), resolution_px=48)
    assert maps.shape == (1, CHANNELS, 48, 48)
    x, y = (int(value) for value in ((still[0, 8] + 1) / 2 * 48 - 0.5).round())
    assert maps[0, 5, y, x].item() > 0.8
    assert maps[0, 5, 10, 24].item() < 0.01


def test_the_mouths_map_grows_with_the_opening():
    shut, wide = (
        draw_maps(points(), torch.tensor([value]), torch.tensor([1.0]), resolution_px=48)[0, 7].sum().item()
        for value in (0.0, 0.2)
    )
    assert shut == 0
    assert wide > 5


def test_an_atlas_gives_back_what_it_was_begun_with():
    generator = torch.Generator().manual_seed(1)
    turns = torch.tensor([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]).repeat(4, 1)
    textures = torch.randn(3, 3, 64, 64, generator=generator).repeat(4, 1, 1, 1)
    traits = Traits(turns, torch.zeros(12, 2), torch.ones(12, 2))
    atlas = Atlas(resolution_px=64, nodes=3)
    atlas.begin(textures, traits)
    grid = grid_positions(64)
    assert (atlas(traits, grid) - textures).abs().mean().item() < 0.5 * textures.abs().mean().item()
    beyond = atlas(Traits(torch.tensor([[9.0, 0.0]]), torch.zeros(1, 2), torch.ones(1, 2)), grid)
    assert torch.allclose(beyond, atlas(Traits(turns[2:3], torch.zeros(1, 2), torch.ones(1, 2)), grid), atol=0.1)


def test_a_large_atlas_keeps_what_is_finer_than_its_turns():
    """A checkerboard of single pixels of 320 is grey in 256."""
    board = (torch.arange(320)[:, None] + torch.arange(320)[None]) % 2 * 2.0 - 1
    textures = board.expand(6, 3, -1, -1)
    traits = Traits(torch.linspace(-1, 1, 12).view(6, 2), torch.zeros(6, 2), torch.ones(6, 2))
    atlas = Atlas(resolution_px=320, nodes=2)
    atlas.begin(textures, traits)
    assert (atlas(traits, grid_positions(320)) - textures).abs().mean().item() < 0.05


def test_the_painted_mask_lies_within_the_jaw():
    face = cartoon_points("bo", yaw_deg=0, mouth=0.1, lids=1)
    mask = painted_mask(face, resolution_px=200, brow_margin=0.2, jaw_shrink=0.12)
    assert mask[int(face[30, 1]), int(face[30, 0])] == 255
    assert mask[int(face[8, 1]), int(face[8, 0])] < 20


def test_the_outline_moves_with_the_chin_and_not_at_the_ears():
    face = cartoon_points("bo", yaw_deg=0, mouth=0.1, lids=1)
    before, after = moved_outline(face, face + np.array([0, -6]))
    assert np.allclose(before, face[2:15])
    moved = (after - before)[:, 1]
    assert moved[6] == pytest.approx(-6)
    assert abs(moved[0]) < 2
