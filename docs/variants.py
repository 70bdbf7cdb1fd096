"""The named variants of the models, by what they change in the sample project's settings; see docs/models.md."""

from collections.abc import Mapping
from itertools import combinations
from typing import Literal, get_args

from understudy.blocks.deepfacelab import OPTIONS
from understudy.phaze_a.presets import Preset

Changes = Mapping[str, object]

VARIANTS: Mapping[str, Mapping[str, Changes]] = {
    "driven": {"256": {"resolution_px": 256}, "512": {"resolution_px": 512}},
    "original": {
        "lowmem": {"lowmem": True},
        **{str(side): {"resolution_px": side} for side in (128, 256, 512)},
        "128, code 16": {"resolution_px": 128, "code_px": 16},
    },
    "dfaker": {"256": {"resolution_px": 256}},
    "dfl_h128": {"lowmem": {"lowmem": True}},
    "dfl_sae": {"liae": {"architecture": "liae"}, "multiscale": {"multiscale_decoder": True}},
    "villain": {"lowmem": {"lowmem": True}},
    "df": {"Quick96": {"resolution_px": 96, "options": "ud", "ae_dims": 128, "d_mask_dims": 16}},
    "amp": {str(side): {"resolution_px": side} for side in (128, 256)},
    "faceswap_gan": {
        **{str(side): {"resolution_px": side} for side in (128, 256)},
        **{f"lite {side}": {"resolution_px": side, "lite": True} for side in (64, 128, 256)},
    },
    "realface": {"128 to 256": {"input_px": 128, "output_px": 256}},
    "dlight": {
        "lowmem": {"features": "lowmem"},
        "fair": {"features": "fair"},
        "fast": {"details": "fast"},
        **{str(side): {"output_px": side} for side in (128, 384)},
    },
    "unbalanced": {"lowmem": {"lowmem": True}, "256": {"resolution_px": 256}},
    "phaze_a": {preset: {"preset": preset} for preset in get_args(Preset)},
}

OPTIONED: tuple[Literal["df", "liae"], ...] = ("df", "liae")  # who has options, and one table for all of them
LETTERS = tuple("".join(some) for number in range(len(OPTIONS) + 1) for some in combinations(OPTIONS, number))
