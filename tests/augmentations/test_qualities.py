"""Augmentations that imitate cameras, codecs and light, against what they imitate."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.models.cartoons import cartoon_points, draw_cartoon
from understudy.augmentations import (
    clahe,
    color_match,
    gaussian_blur,
    hsv,
    jpeg,
    lab,
    motion_blur,
    noise,
    resample,
    shadow,
    sharpen,
)
from understudy.augmentations.clahe import equalised
from understudy.augmentations.jpeg import Jpeg
from understudy.colorspaces import hsv_from_rgb, lab_from_rgb


def generator(seed=3):
    return torch.Generator().manual_seed(seed)


def cartoon(person="ada", *, yaw_deg=0.0, side=64, code_noise=0.0):
    """A drawn face as RGB uint8 (side, side, 3), with the grain of footage if wanted."""
    image = draw_cartoon(person, cartoon_points(person, yaw_deg=yaw_deg, mouth=0.15, lids=0.9))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    grain = np.random.default_rng(2).normal(size=small.shape) * code_noise
    shade = 0.6 + 0.4 * np.linspace(0, 1, side)[None, :, None]
    return np.clip(np.rint(small * shade + grain), 0, 255).astype(np.uint8)


def batch(*images):
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255


def edge(side=64):
    """Black to the left, white to the right."""
    return (torch.arange(side) >= side // 2).float().expand(1, 3, side, side)


@pytest.mark.parametrize(("subsampling", "flag"), [("4:2:0", 0x221111), ("4:4:4", 0x111111)])
@pytest.mark.parametrize("quality", [10, 30, 49, 50, 75, 95, 100])
@pytest.mark.parametrize("side", [64, 60])
def test_jpeg_makes_what_a_codec_makes(subsampling, flag, quality, side):
    image = cartoon(side=side, code_noise=3)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, flag]
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), options)[1]
    expected = batch(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1])
    ours = Jpeg(torch.tensor([0]), torch.tensor([float(quality)]), subsampling == "4:2:0")
    away = (jpeg.apply(ours, batch(image)) - expected).abs() * 255
    lost = (expected - batch(image)).abs().mean().item() * 255
    assert away.mean().item() < min(1.0, max(0.3 * lost, 0.6))


def test_jpeg_qualities_fall_as_far_as_asked_and_are_mixed_in_a_batch():
    drawn = jpeg.sample(generator(), number=400, strength=0.9, subsampling="4:2:0", share=1.0)
    assert drawn.quality_K.min().item() < 13
    assert drawn.quality_K.max().item() > 97
    assert torch.equal(drawn.quality_K, drawn.quality_K.round())
    same = batch(*[cartoon(code_noise=3)] * 3)
    after = jpeg.apply(Jpeg(torch.arange(3), torch.tensor([10.0, 50.0, 90.0]), True), same)
    lost = (after - same).abs().mean((1, 2, 3))
    assert lost[0] > lost[1] > lost[2]


@pytest.mark.parametrize("side", [64, 96, 128, 260])
def test_clahe_is_opencvs(side):
    """Tiles of all sizes at once, those that do not divide the picture's side too."""
    lightness = cv2.cvtColor(cartoon(side=side, code_noise=4), cv2.COLOR_RGB2GRAY)
    grids = [2, 3, 4, 5, 6]
    found = equalised(torch.from_numpy(lightness).float().expand(5, -1, -1), torch.tensor(grids), grids=grids, clip=2.0)
    for index, grid in enumerate(grids):
        expected = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(grid, grid)).apply(lightness)
        assert np.abs(found[index].numpy() - expected).mean() < 0.3
        assert np.abs(found[index].numpy() - expected).max() < 1.5


def test_clahe_keeps_tint_and_fractions_of_levels():
    fine = torch.rand(1, 64, 64, generator=generator()) * 255
    settled = equalised(fine.round(), torch.tensor([3]), grids=[2, 3], clip=2.0)
    assert torch.allclose(
        equalised(fine, torch.tensor([3]), grids=[2, 3], clip=2.0) - settled, fine - fine.round(), atol=1e-4
    )
    before = batch(cartoon(code_noise=4)) * 0.5 + 0.25
    after = clahe.apply(clahe.sample(generator(), number=1, clip=2.0, share=1.0), before)
    tint = (lab_from_rgb(after) - lab_from_rgb(before))[:, 1:].abs()
    assert tint.median().item() < 0.1


@pytest.mark.parametrize("method", ["rct", "mkl"])
def test_a_matched_picture_has_the_others_colours(method):
    before, others = batch(cartoon("ada", code_noise=3)), batch(cartoon("bo", yaw_deg=10, code_noise=3))
    drawn = color_match.sample(generator(), number=1, method=method, strength=1.0, share=1.0)
    after = color_match.apply(drawn, before, others)
    space = lab_from_rgb if method == "rct" else (lambda pictures: pictures * 100)
    was, found, wanted = (space(each) for each in (before, after, others))
    for statistic in (torch.mean, torch.std):
        left = (statistic(found, (2, 3)) - statistic(wanted, (2, 3))).abs().max().item()
        assert left < 0.15 * (statistic(was, (2, 3)) - statistic(wanted, (2, 3))).abs().max().item()


def test_linear_matching_takes_the_whole_covariance():
    mixture = torch.tensor([[0.1, 0.05, 0.0], [0.0, 0.08, 0.03], [0.02, 0.0, 0.06]])
    values = torch.randn(2, 3, 64 * 64, generator=generator())
    before = 0.5 + (0.07 * values[:1]).view(1, 3, 64, 64)
    others = 0.5 + (mixture @ values[1:]).view(1, 3, 64, 64)
    drawn = color_match.sample(generator(), number=1, method="mkl", strength=1.0, share=1.0)
    after = color_match.apply(drawn, before, others)
    assert torch.allclose(torch.cov(after[0].flatten(1)), torch.cov(others[0].flatten(1)), atol=3e-4)


def test_flat_pictures_are_matched_without_being_torn_apart():
    flat, others = torch.full((1, 3, 32, 32), 0.4), batch(cartoon("bo"))
    for method in ("rct", "mkl"):
        drawn = color_match.sample(generator(), number=1, method=method, strength=1.0, share=1.0)
        after = color_match.apply(drawn, flat, others)
        assert torch.allclose(after.mean((2, 3)), others.mean((2, 3)), atol=0.05)
        assert after.std((2, 3)).max().item() < 0.01


def test_any_of_the_others_gives_its_colours():
    greys = torch.linspace(0.2, 0.8, 5).view(5, 1, 1, 1).expand(5, 3, 8, 8)
    drawn = color_match.sample(generator(), number=200, method="mkl", strength=1.0, share=1.0)
    after = color_match.apply(drawn, torch.full((200, 3, 8, 8), 0.5), greys)
    counts = (after[:, 0, 0, 0] * 10).round().unique(return_counts=True)[1]
    assert len(counts) == 5
    assert counts.min() > 20


def test_a_gaussian_blur_is_opencvs():
    """Away from the border, where windows are cut instead of mirrored."""
    image = cartoon(code_noise=3).astype(np.float32) / 255
    for sigma_px in (0.5, 1.0, 2.3):
        drawn = gaussian_blur.GaussianBlur(torch.tensor([0]), torch.tensor([sigma_px / 64]))
        found = gaussian_blur.apply(drawn, torch.from_numpy(image).permute(2, 0, 1)[None])
        reach = 2 * int(4 * sigma_px) + 1
        expected = cv2.GaussianBlur(image, (reach, reach), sigma_px)
        away = (found[0].permute(1, 2, 0).numpy() - expected)[12:-12, 12:-12]
        assert np.abs(away).max() < 1e-3


def test_a_motion_blur_smears_along_its_line_only():
    angles = torch.tensor([0.0, np.pi / 2])
    drawn = motion_blur.MotionBlur(
        torch.arange(2), torch.full((2,), 8 / 64), torch.stack([angles.cos(), angles.sin()], -1).float(), 8 / 64
    )
    after = motion_blur.apply(drawn, edge().expand(2, -1, -1, -1))
    assert torch.allclose(after[1], edge()[0], atol=1e-4)
    ramp = after[0, 0, 30]
    assert ramp[:28].max() < 1e-4
    assert ramp[37:].min() > 1 - 1e-4
    assert torch.allclose(ramp.diff()[28:35], torch.full((7,), 1 / 8), atol=1e-3)


def test_a_blur_leaves_brightness_and_place():
    picture = functional.pad(torch.rand(1, 3, 32, 32, generator=generator()), (16,) * 4)
    for drawn, apply in (
        (gaussian_blur.sample(generator(), number=1, strength=0.03, share=1.0), gaussian_blur.apply),
        (motion_blur.sample(generator(), number=1, strength=0.12, share=1.0), motion_blur.apply),
        (resample.sample(generator(), number=1, strength=0.75, share=1.0), resample.apply),
    ):
        after = apply(drawn, picture)
        assert after.sum().item() == pytest.approx(picture.sum().item(), rel=5e-3)
        assert _middle(after) == pytest.approx(_middle(picture), abs=0.03)


def _middle(picture):
    weight = picture.sum((0, 1))
    places = torch.arange(64.0)
    return [float((weight.sum(axis) * places).sum() / weight.sum()) for axis in (0, 1)]


@pytest.mark.parametrize("small", [16, 24, 40, 48])
def test_resampling_is_opencvs_area_and_linear_resize(small):
    image = cartoon(side=64, code_noise=3).astype(np.float32) / 255
    reduced = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    expected = cv2.resize(reduced, (64, 64), interpolation=cv2.INTER_LINEAR)
    drawn = resample.Resample(torch.tensor([0]), torch.tensor([small / 64]))
    found = resample.apply(drawn, torch.from_numpy(image).permute(2, 0, 1)[None])
    assert np.abs(found[0].permute(1, 2, 0).numpy() - expected).max() < 2e-3


def test_noise_is_white_and_has_its_deviation():
    grey = torch.full((4, 3, 64, 64), 0.5)
    drawn = noise.sample(generator(), number=4, strength=0.05, share=1.0)
    grain = (noise.apply(drawn, grey) - grey) / drawn.deviation_K111
    assert grain.std((1, 2, 3)).sub(1).abs().max().item() < 0.03
    assert grain.mean((1, 2, 3)).abs().max().item() < 0.03
    for shifted in (grain.roll(1, 3), grain.roll(1, 2), grain.roll(1, 1), grain.roll(1, 0)):
        assert abs((grain * shifted).mean().item()) < 0.02


def test_a_hue_shift_turns_hues_and_keeps_values():
    before = batch(cartoon())
    drawn = hsv.Hsv(torch.tensor([0]), torch.tensor([0.25, 0.0, 0.0]).view(1, 3, 1, 1))
    was, found = (hsv_from_rgb(each) for each in (before, hsv.apply(drawn, before)))
    coloured = was[:, 1] > 0.1
    assert torch.allclose(((found - was)[:, 0] % 1)[coloured], torch.tensor(0.25), atol=1e-3)
    assert torch.allclose(found[:, 1:], was[:, 1:], atol=1e-4)


def test_lightness_goes_its_share_of_the_way():
    before = batch(cartoon()) * 0.5 + 0.25
    towards = lab.Lab(torch.arange(2), torch.tensor([0.3, -0.3]).view(2, 1, 1), torch.zeros(2, 2, 1, 1))
    grey = before.mean(1, keepdim=True).expand(2, 3, -1, -1)
    was, found = (lab_from_rgb(each)[:, 0] for each in (grey, lab.apply(towards, grey)))
    assert torch.allclose(found[0], was[0] + 0.3 * (100 - was[0]), atol=0.05)
    assert torch.allclose(found[1], 0.7 * was[1], atol=0.05)


def test_shadows_only_darken_and_have_a_dark_and_a_lit_side():
    white = torch.ones(40, 3, 64, 64)
    drawn = shadow.sample(generator(), number=40, strength=0.8, share=1.0)
    after = shadow.apply(drawn, white)
    deepest = 1 - after.amin((1, 2, 3))
    assert after.max().item() <= 1
    assert torch.allclose(deepest, drawn.darkness.flatten(), atol=0.02)
    assert (after.amax((1, 2, 3)) == 1).float().mean().item() > 0.9


def test_sharpening_steepens_edges_and_leaves_flat_parts():
    soft = gaussian_blur.apply(gaussian_blur.GaussianBlur(torch.tensor([0]), torch.tensor([0.02])), edge() * 0.4 + 0.3)
    after = sharpen.apply(sharpen.Sharpen(torch.tensor([0]), torch.full((1, 1, 1, 1), 1.0)), soft)
    assert after[0, 0, 30].diff().max() > 1.2 * soft[0, 0, 30].diff().max()
    assert torch.allclose(after[..., :16], soft[..., :16], atol=1e-4)
