"""The encoders that Phaze-A knows, by name."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Architecture = Literal[
    "fs_original",
    "clipv_farl_b_16",
    "clipv_vit_b_16",
    "clipv_vit_b_32",
    "clipv_vit_l_14",
    "convnext_tiny",
    "convnext_small",
    "convnext_base",
    "convnext_large",
    "convnext_xlarge",
    "densenet121",
    "densenet169",
    "densenet201",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_v2_b0",
    "efficientnet_v2_b1",
    "efficientnet_v2_b2",
    "efficientnet_v2_b3",
    "efficientnet_v2_s",
    "efficientnet_v2_m",
    "efficientnet_v2_l",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenet_v2_050",
    "mobilenet_v2_140",
    "mobilenet_v3_large",
    "mobilenet_v3_large_minimal",
    "mobilenet_v3_small",
    "mobilenet_v3_small_minimal",
    "nasnet_large",
    "resnet50",
    "resnet50_v2",
    "resnet101",
    "resnet101_v2",
    "resnet152",
    "resnet152_v2",
    "vgg16",
    "vgg19",
    "xception",
]


class Known(NamedTuple):
    """An encoder of the library timm.

    native_px  side that it was made for; it sees a share of it, in multiples of `multiple_px`, `least_px` at least
    unused     layers that are left out, as they lie behind the features
    projected  values that a transformer's own are projected to
    """

    timm: str
    native_px: int
    multiple_px: int = 16
    least_px: int = 32
    unused: tuple[str, ...] = ()
    projected: int = 0

    def seen_px(self, percent: int) -> int:
        """Side of the faces that it sees at this share of its own."""
        return max(self.least_px, self.native_px * percent // 100 // self.multiple_px * self.multiple_px)


def _clip(name: str, patch: int, values: int = 512) -> Known:
    return Known(name, 224, multiple_px=max(16, patch) if patch != 14 else patch, least_px=2 * patch, projected=values)


EFFICIENTNET_PX = (224, 240, 260, 300, 380, 456, 528, 600)
EFFICIENTNET_V2_PX = {"b0": 224, "b1": 240, "b2": 260, "b3": 300, "s": 384, "m": 480, "l": 480}
ARCHITECTURES: Mapping[str, Known] = {
    "fs_original": Known("", 1024),
    "clipv_farl_b_16": _clip("vit_base_patch16_clip_224", 16),
    "clipv_vit_b_16": _clip("vit_base_patch16_clip_224", 16),
    "clipv_vit_b_32": _clip("vit_base_patch32_clip_224", 32),
    "clipv_vit_l_14": _clip("vit_large_patch14_clip_224", 14, 768),
    **{f"convnext_{size}": Known(f"convnext_{size}", 224) for size in ("tiny", "small", "base", "large", "xlarge")},
    **{f"densenet{depth}": Known(f"densenet{depth}", 224) for depth in (121, 169, 201)},
    **{f"efficientnet_b{size}": Known(f"tf_efficientnet_b{size}", px) for size, px in enumerate(EFFICIENTNET_PX)},
    **{f"efficientnet_v2_{size}": Known(f"tf_efficientnetv2_{size}", px) for size, px in EFFICIENTNET_V2_PX.items()},
    "inception_resnet_v2": Known("inception_resnet_v2", 299, least_px=80),
    "inception_v3": Known("inception_v3", 299, least_px=80),
    "mobilenet": Known("mobilenetv1_100", 224),
    "mobilenet_v2": Known("mobilenetv2_100", 224),
    "mobilenet_v2_050": Known("mobilenetv2_050", 224),
    "mobilenet_v2_140": Known("mobilenetv2_140", 224),
    **{
        f"mobilenet_v3_{size}": Known(f"tf_mobilenetv3_{size}_100", 224, unused=("conv_head",))
        for size in ("large", "large_minimal", "small", "small_minimal")
    },
    "nasnet_large": Known("nasnetalarge", 331),
    **{f"resnet{depth}": Known(f"resnet{depth}", 224) for depth in (50, 101, 152)},
    **{f"resnet{depth}_v2": Known(f"resnetv2_{depth}", 224) for depth in (50, 101, 152)},
    "vgg16": Known("vgg16", 224, unused=("pre_logits",)),
    "vgg19": Known("vgg19", 224, unused=("pre_logits",)),
    "xception": Known("legacy_xception", 299, least_px=80),
}
