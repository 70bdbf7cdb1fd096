"""The network that paints: maps of a face and an atlas of it become the face.

A U-Net of fixed size sees the whole face in small; what it makes of it is laid over the patch and joined there with the
atlas, whatever the patch's resolution. All that happens at full resolution can be done for a window of the patch alone,
so that a step of training costs the same at any resolution.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.driven.atlas import Atlas, Traits
from understudy.driven.linemaps import CHANNELS
from understudy.driven.memory import Memory
from understudy.layers import Upscale, activate, conv3, subpixel_conv3
from understudy.plate import coarse_plate
from understudy.sampling import grid_positions, read_at

MAPS_PX = 48
WIDTHS = (32, 64, 96, 160)  # channels of the U-Net, from its own resolution downwards
LAST_WIDTH = 16
FEATURES = 8  # channels of the learned texture that is not colour
FEATURES_PX = 128
HEAD_SCALE = 0.3  # corrections of the atlas start small


class Network(nn.Module):
    """Maps and an atlas to one person's face; what is remembered of both people are buffers."""

    canonical_702: Tensor

    def __init__(self, *, resolution_px: int, nodes: int, generator: torch.Generator) -> None:
        super().__init__()
        self.resolution_px = resolution_px
        first, second, third, last = WIDTHS
        self.enter = conv3(CHANNELS, first, generator=generator)
        self.halve_1 = conv3(first, second, stride=2, generator=generator)
        self.halve_2 = conv3(second, third, stride=2, generator=generator)
        self.halve_3 = conv3(third, last, stride=2, generator=generator)
        self.turn = conv3(last, last, generator=generator)
        self.double_1 = Upscale(last, third, generator=generator)
        self.join_1 = conv3(2 * third, third, generator=generator)
        self.double_2 = Upscale(third, second, generator=generator)
        self.join_2 = conv3(2 * second, second, generator=generator)
        self.double_3 = Upscale(second, first, generator=generator)
        self.join_3 = conv3(2 * first, first, generator=generator)
        self.double_4 = Upscale(first, LAST_WIDTH, generator=generator)
        self.join_4 = conv3(LAST_WIDTH + FEATURES + 3, LAST_WIDTH, generator=generator)
        self.head = subpixel_conv3(LAST_WIDTH, 3, factor=2, generator=generator)
        with torch.no_grad():
            self.head.weight.mul_(HEAD_SCALE)
        self.atlas = Atlas(resolution_px=resolution_px, nodes=nodes)
        self.features = nn.Parameter(torch.randn(1, FEATURES, FEATURES_PX, FEATURES_PX, generator=generator) * 0.1)
        self.register_buffer("canonical_702", torch.zeros(70, 2))
        self.source = Memory()
        self.target = Memory()

    def forward(self, maps: Tensor, points_B702: Tensor, traits: Traits, *, places: Tensor | None = None) -> Tensor:
        """Faces (B, 3, H, W), RGB 0–1, from maps (B, 10, MAPS_PX, MAPS_PX), the points that hold the warp, and traits.

        `places` (B, H, W, 2) are the positions of the pixels to be painted, neighbours in the patch's own grid; None
        paints the whole patch.
        """
        small = self.double_4(self._understood(maps))
        plate = coarse_plate(points_B702, self.canonical_702[None])
        fine = grid_positions(self.resolution_px).to(maps) if places is None else places
        half = functional.avg_pool2d(fine.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
        base = self.atlas(traits, read_at(plate, fine).permute(0, 2, 3, 1))
        features = read_at(self.features.expand(len(maps), -1, -1, -1), read_at(plate, half).permute(0, 2, 3, 1))
        if places is not None or half.shape[1] != small.shape[2]:
            small = read_at(small, half)
        twice = activate(self.join_4(torch.cat([small, features, functional.avg_pool2d(base, 2)], 1)))
        return torch.sigmoid(base + functional.pixel_shuffle(self.head(twice), 2))

    def _understood(self, maps: Tensor) -> Tensor:
        """What the U-Net makes of the maps: (B, 32, MAPS_PX, MAPS_PX)."""
        full = activate(self.enter(maps))
        half = activate(self.halve_1(full))
        quarter = activate(self.halve_2(half))
        inner = activate(self.turn(activate(self.halve_3(quarter))))
        quarter = activate(self.join_1(torch.cat([self.double_1(inner), quarter], 1)))
        half = activate(self.join_2(torch.cat([self.double_2(quarter), half], 1)))
        return activate(self.join_3(torch.cat([self.double_3(half), full], 1)))
