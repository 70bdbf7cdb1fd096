"""Well-known networks as settings of Phaze-A: what a preset says stands where params.yaml says nothing.

Every part has its origin's number of parameters. What leaves no trace in these (noise, which pooling, the side that an
encoder sees) is chosen to fit.
"""

from collections.abc import Mapping
from typing import Literal

Preset = Literal[
    "original",
    "lightweight",
    "iae",
    "dfaker",
    "dfl-h128",
    "dfl-sae-df",
    "dfl-sae-liae",
    "dfl-saehd-df",
    "dfl-saehd-liae",
    "dny256",
    "dny512",
    "dny1024",
    "stojo",
    "sym384",
    "clipfaker128",
    "clipfaker256",
    "clipfaker448",
]
Values = Mapping[str, object]
Part = dict[str, object]

_PLAIN: Part = {"enable_gblock": False, "split_fc": False, "split_decoders": True}
_SHARED: Part = {"enable_gblock": False, "split_fc": True, "split_decoders": False}
_QUIET: Part = {"gaussian": False}
_SAE_ENCODER: Part = {"scaling": 13, "min_filters": 126, "max_filters": 1008}
_SAE_DECODER: Part = _QUIET | {
    "max_filters": 504,
    "min_filters": 128,
    "slope": -0.33,
    "res_blocks": 2,
    "skip_last_residual": False,
}
_SAEHD_ENCODER: Part = {"scaling": 13, "min_filters": 64, "max_filters": 512}
_SAEHD_DECODER: Part = _QUIET | {"min_filters": 128, "slope": -0.33, "output_kernel": 1, "skip_last_residual": False}
_WIDE_FC: Part = {"dimensions": 8, "min_filters": 512, "max_filters": 512, "upsampler": "subpixel"}

_CLIP: Part = {"architecture": "clipv_farl_b_16"}


def _dny(scaling: int, depth: int, upscalings_in_fc: int) -> Part:
    return _PLAIN | {
        "encoder": {"scaling": scaling, "depth": depth, "min_filters": 16, "max_filters": 512, "dny": True},
        "bottleneck": {"size": 512},
        "fc": {"depth": 0, "dimensions": 1, "min_filters": 512, "max_filters": 512, "upsamples": 2},
        "decoder": _QUIET
        | {
            "upscaling": "dny",
            "upscalings_in_fc": upscalings_in_fc,
            "min_filters": 16,
            "slope_mode": "cap_max",
            "slope": -0.5,
            "res_blocks": 0,
            "output_kernel": 1,
        },
    }


PRESETS: Mapping[Preset, Values] = {
    "original": _PLAIN
    | {
        "output_px": 64,
        "fc": {"upsampler": "subpixel"},
        "decoder": _QUIET | {"max_filters": 256, "slope": -0.33, "res_blocks": 0},
    },
    "lightweight": _PLAIN
    | {
        "output_px": 64,
        "encoder": {"depth": 3},
        "bottleneck": {"size": 512},
        "fc": {"min_filters": 512, "max_filters": 512, "upsampler": "subpixel", "upsample_filters": 256},
        "decoder": _QUIET | {"min_filters": 128, "slope": -0.33, "res_blocks": 0},
    },
    "iae": _SHARED
    | {
        "output_px": 64,
        "shared_fc": "full",
        "bottleneck": {"in_encoder": False},
        "fc": {"min_filters": 512, "max_filters": 512, "upsamples": 0},
        "decoder": _QUIET | {"res_blocks": 0},
    },
    "dfaker": _PLAIN | {"fc": {"upsampler": "subpixel"}, "decoder": _QUIET},
    "dfl-h128": _PLAIN
    | {
        "encoder": {"scaling": 13},
        "bottleneck": {"size": 512},
        "fc": _WIDE_FC,
        "decoder": _QUIET | {"min_filters": 128, "slope": -0.33, "res_blocks": 0},
    },
    "dfl-sae-df": _PLAIN
    | {"encoder": _SAE_ENCODER, "bottleneck": {"size": 512}, "fc": _WIDE_FC, "decoder": _SAE_DECODER},
    "dfl-sae-liae": _SHARED
    | {
        "shared_fc": "half",
        "encoder": _SAE_ENCODER,
        "bottleneck": {"size": 256, "in_encoder": False},
        "fc": _WIDE_FC,
        "decoder": _SAE_DECODER,
    },
    "dfl-saehd-df": _PLAIN
    | {
        "encoder": _SAEHD_ENCODER,
        "bottleneck": {"size": 256, "in_encoder": False},
        "fc": _WIDE_FC | {"min_filters": 256, "max_filters": 256, "upsample_filters": 256},
        "decoder": _SAEHD_DECODER,
    },
    "dfl-saehd-liae": _SHARED
    | {
        "shared_fc": "half",
        "encoder": _SAEHD_ENCODER,
        "bottleneck": {"size": 256, "in_encoder": False},
        "fc": _WIDE_FC,
        "decoder": _SAEHD_DECODER,
    },
    "dny256": {"output_px": 256} | _dny(25, 7, 1),
    "dny512": {"output_px": 512} | _dny(50, 8, 2),
    "dny1024": {"output_px": 1024} | _dny(100, 9, 2),
    "stojo": {
        "output_px": 256,
        "encoder": {"architecture": "efficientnet_b4", "scaling": 60},
        "bottleneck": {"size": 512},
        "fc": {"dimensions": 8, "min_filters": 1280, "max_filters": 1280},
        "decoder": {
            "upscaling": "resize_images",
            "min_filters": 160,
            "max_filters": 640,
            "slope": -0.33,
            "output_kernel": 3,
            "skip_last_residual": False,
        },
    },
    "sym384": _PLAIN
    | {
        "output_px": 384,
        "encoder": {"architecture": "efficientnet_v2_s", "scaling": 100},
        "bottleneck": {"kind": "average_pooling"},
        "fc": {"dimensions": 3, "min_filters": 1536, "max_filters": 1536, "upsamples": 0},
        "decoder": _QUIET
        | {
            "upscaling": "dny",
            "upscalings_in_fc": 2,
            "min_filters": 24,
            "max_filters": 1536,
            "slope_mode": "cap_max",
            "slope": -0.5,
            "output_kernel": 3,
        },
    },
    "clipfaker128": _PLAIN
    | {
        "encoder": _CLIP | {"scaling": 30},
        "bottleneck": {"kind": "flatten"},
        "fc": {"upsampler": "subpixel"},
        "decoder": _QUIET,
    },
    "clipfaker256": _PLAIN
    | {
        "output_px": 256,
        "encoder": _CLIP | {"scaling": 58},
        "bottleneck": {"kind": "flatten"},
        "fc": {"upsampler": "subpixel"},
        "decoder": _QUIET | {"max_filters": 1024, "slope_mode": "cap_max", "slope": -0.5},
    },
    "clipfaker448": _PLAIN
    | {
        "output_px": 448,
        "encoder": _CLIP | {"scaling": 100},
        "bottleneck": {"kind": "flatten"},
        "fc": {
            "dimensions": 7,
            "min_filters": 384,
            "max_filters": 384,
            "upsampler": "subpixel",
            "upsample_filters": 1024,
        },
        "decoder": _QUIET | {"max_filters": 1024, "slope_mode": "cap_max", "slope": -0.5},
    },
}


def with_preset(values: Values) -> Values:
    """What settings say, above what their preset says; values that name no known preset, as they are."""
    preset = PRESETS.get(values.get("preset"))  # type: ignore[call-overload]
    return values if preset is None else _over(preset, values)


def _over(below: Values, above: Values) -> Values:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[name] = _over(under, value) if both else value  # type: ignore[arg-type]
    return merged
