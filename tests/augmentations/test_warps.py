"""Warps that read inputs and targets at the same places, but for the displacement that they draw."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.models.cartoons import cartoon_points
from understudy.augmentations import warp, warp_cells, warp_to_neighbour
from understudy.augmentations.warp_cells import WarpCells
from understudy.sampling import grid_positions

SIDE = 64
PIXEL = 2 / SIDE  # in normalised coordinates


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


def face(person="ada", *, yaw_deg=0.0, mouth=0.1):
    """68 landmarks in normalised coordinates."""
    points = cartoon_points(person, yaw_deg=yaw_deg, mouth=mouth, lids=1.0)
    return torch.from_numpy(points / 100 - 1).float()


def faces(number, person="ada"):
    return torch.stack([face(person, yaw_deg=4.0 * index - 20, mouth=0.02 * index) for index in range(number)])


def turned(points, *, angle_deg, scale, shift):
    angle = np.radians(angle_deg)
    matrix = scale * torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ matrix.float().T + torch.tensor(shift)


def test_a_warp_displaces_between_its_nodes_by_a_bicubic_surface():
    bend = warp.sample(generator(), number=3, strength=0.1)
    nothing = torch.zeros(3, 40, 57, 2)
    surface = functional.interpolate(bend.nodes_B2NN, size=(40, 57), mode="bicubic", align_corners=True)
    displaced = warp.apply(bend, nothing).permute(0, 3, 1, 2)
    assert (displaced - surface).abs().max() < 1e-6
    corners = torch.tensor([0, -1])
    assert torch.allclose(displaced[:, :, corners][..., corners], bend.nodes_B2NN[:, :, corners][..., corners])


@pytest.mark.parametrize("side", [32, 64, 96, 131])
def test_a_cell_warp_of_no_strength_leaves_every_bit_of_the_positions(side):
    grid = grid_positions(side)
    bend = warp_cells.sample(generator(), number=6, strength=0.0)
    assert torch.equal(warp_cells.apply(bend, grid.expand(6, -1, -1, -1)), grid.expand(6, -1, -1, -1))


def test_cell_warps_displace_by_nothing_on_average():
    """A warp half a pixel off would be off by a thousand times as much; 8 px are the corners of all cells."""
    totals = [warp_cells.sample(generator(seed), number=25000, strength=0.24).nodes_B2NN.sum(0) for seed in range(4)]
    mean = WarpCells(torch.stack(totals).sum(0, keepdim=True) / 100000)
    moved_px = (warp_cells.apply(mean, grid_positions(8)) - grid_positions(8)) * 8 / 2
    assert moved_px.mean((0, 1, 2)).abs().max().item() < 0.0005


def test_what_lies_at_a_corner_of_cells_moves_as_that_corner():
    """Pixels of a picture of four pixels a side lie on the odd corners of the smallest cells."""
    nodes = torch.randn(2, 2, 9, 9, generator=generator()) * 0.02
    moved = warp_cells.apply(WarpCells(nodes), grid_positions(4).expand(2, -1, -1, -1)) - grid_positions(4)
    assert torch.allclose(moved, nodes[:, :, 1::2, 1::2].permute(0, 2, 3, 1), atol=1e-6)


def test_cells_of_all_sizes_are_mixed_in_a_batch_and_the_border_stays():
    nodes = warp_cells.sample(generator(), number=900, strength=0.24).nodes_B2NN
    assert nodes[..., [0, -1], :].abs().max() == 0
    assert nodes[..., :, [0, -1]].abs().max() == 0
    is_large = (nodes[:, :, 2, 4] * 2 - nodes[:, :, 4, 4]).abs().amax(1) < 1e-6  # a line from the border to the centre
    is_middle = ~is_large & ((nodes[:, :, 1, 4] * 2 - nodes[:, :, 2, 4]).abs().amax(1) < 1e-6)
    assert 250 < int(is_large.sum()) < 350
    assert 250 < int(is_middle.sum()) < 350
    for chosen, cell in ((is_large, 1.0), (is_middle, 0.5), (~is_large & ~is_middle, 0.25)):
        displaced = nodes[chosen][:, :, 4, 4] / cell
        assert displaced.abs().max().item() <= 0.24 + 1e-6
        assert displaced.std().item() == pytest.approx(0.0925, rel=0.1)


def test_a_face_already_like_its_neighbour_is_left_alone_to_the_last_bit():
    points = faces(3)
    bend = warp_to_neighbour.sample(
        generator(), number=3, points_BP2=points, neighbours_BKP2=points[:, None] + 0.1, strength=0.0, noise=0.0
    )
    grid = grid_positions(SIDE).expand(3, -1, -1, -1)
    assert torch.equal(warp_to_neighbour.apply(bend, grid), grid)


def test_place_size_and_turn_of_a_neighbour_bend_nothing():
    points = faces(3)
    neighbours = turned(points, angle_deg=12, scale=1.3, shift=[0.2, -0.1])[:, None]
    bend = warp_to_neighbour.sample(
        generator(), number=3, points_BP2=points, neighbours_BKP2=neighbours, strength=1.0, noise=0.0
    )
    assert bend.shifts_BN2.abs().max().item() < 1e-6


def test_landmarks_come_to_lie_where_the_neighbours_are():
    """Read at the neighbour's landmark, the picture shows the face's own, as far as the plate's stiffness lets it."""
    points, neighbours = faces(4), faces(4, "bo")[:, None]
    bend = warp_to_neighbour.sample(
        generator(), number=4, points_BP2=points, neighbours_BKP2=neighbours, strength=1.0, noise=0.0
    )
    wanted = warp_to_neighbour._laid_over(points, neighbours[:, 0])
    read_at = warp_to_neighbour.apply(bend, wanted[:, None])[:, 0]
    before = (wanted - points).norm(dim=-1)[:, 17:]
    after = (read_at - points).norm(dim=-1)[:, 17:]
    assert before.mean().item() > 0.5 * PIXEL
    assert after.max().item() < 0.5 * PIXEL
    assert after.mean().item() < 0.25 * before.mean().item()


def test_a_bend_is_the_same_at_every_resolution():
    bend = warp_to_neighbour.sample(
        generator(), number=2, points_BP2=faces(2), neighbours_BKP2=faces(2, "bo")[:, None], strength=1.0, noise=0.01
    )
    coarse, fine = (
        warp_to_neighbour.apply(bend, grid_positions(side).expand(2, -1, -1, -1)) - grid_positions(side)
        for side in (32, 96)
    )
    assert torch.allclose(coarse, fine[:, 1::3, 1::3], atol=1e-5)


def test_every_neighbour_is_drawn_and_noise_has_its_deviation():
    points = face().expand(600, -1, -1)
    neighbours = torch.stack([face(mouth=0.1 * index) for index in range(10)]).expand(600, -1, -1, -1)
    drawn = warp_to_neighbour.sample(
        generator(), number=600, points_BP2=points, neighbours_BKP2=neighbours, strength=1.0, noise=0.0
    )
    assert len({round(float(value), 5) for value in drawn.shifts_BN2[:, 57, 1]}) == 10
    still = warp_to_neighbour.sample(
        generator(), number=600, points_BP2=points, neighbours_BKP2=points[:, None], strength=1.0, noise=2 / 256
    )
    assert still.shifts_BN2.std().item() == pytest.approx(4 / 256, rel=0.02)


def test_the_nearest_faces_are_those_of_the_same_shape_wherever_they_lie():
    others = faces(12)
    moved = turned(others, angle_deg=-30, scale=0.5, shift=[0.4, 0.1])
    found = warp_to_neighbour.nearest_faces(moved, others, number=3)
    assert found.shape == (12, 3)
    assert found[:, 0].tolist() == list(range(12))
    assert all(abs(int(second) - index) <= 2 for index, second in enumerate(found[:, 1]))
    assert warp_to_neighbour.nearest_faces(moved, others[:2]).shape == (12, 2)


def test_a_mirrored_face_is_no_near_face():
    others = torch.stack([face(yaw_deg=20), face(yaw_deg=-20)])
    assert warp_to_neighbour.nearest_faces(face(yaw_deg=18)[None], others, number=1).item() == 0
