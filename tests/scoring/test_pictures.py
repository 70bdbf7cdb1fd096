import cv2
import numpy as np
import pytest

from understudy.geometry import MEAN_51
from understudy.scoring.pictures import closeness, gradient_energy, inner_mask, psnr_db, ssim

EVERYWHERE = np.ones((64, 64), np.uint8)


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def grey(value):
    return np.full((64, 64, 3), value, np.uint8)


def test_a_ramp_has_the_gradient_of_its_slope():
    ramp = np.repeat(np.tile(np.arange(0, 128, 2, dtype=np.uint8), (64, 1))[..., None], 3, axis=2)
    inside = np.zeros((64, 64), np.uint8)
    inside[8:-8, 8:-8] = 1
    assert gradient_energy(ramp, inside) == pytest.approx(2)
    assert gradient_energy(grey(90), inside) == 0


def test_a_blur_is_less_sharp(noise):
    assert gradient_energy(cv2.GaussianBlur(noise, (0, 0), 2), EVERYWHERE) < 0.3 * gradient_energy(noise, EVERYWHERE)


def test_sharpness_outside_the_face_does_not_count(noise):
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 1
    picture = noise.copy()
    picture[10:50, 10:50] = 128
    assert gradient_energy(picture, mask) == 0


def test_psnr_is_that_of_the_error_inside_the_mask():
    assert psnr_db(grey(100), grey(110), EVERYWHERE) == pytest.approx(10 * np.log10(255**2 / 100))
    half = EVERYWHERE.copy()
    half[:, 32:] = 0
    picture = grey(100)
    picture[:, 32:] = 255
    assert psnr_db(picture, grey(100), half) == 100


def test_ssim_is_one_for_equals_and_low_for_strangers(noise):
    assert ssim(noise, noise, EVERYWHERE) == pytest.approx(1)
    assert ssim(noise, noise[::-1].copy(), EVERYWHERE) < 0.1


def test_closeness_reads_the_masks_surroundings_alone(noise):
    mask = np.zeros((64, 64), np.uint8)
    mask[28:36, 28:36] = 1
    other = cv2.GaussianBlur(noise, (0, 0), 1)
    assert closeness(noise, other, mask) == pytest.approx(
        (psnr_db(noise, other, mask), ssim(noise, other, mask)), abs=1e-5
    )
    assert np.isnan(closeness(noise, other, np.zeros((64, 64), np.uint8))).all()


def test_the_rim_of_the_face_is_left_out():
    points = np.vstack([np.column_stack([np.linspace(0, 1, 17), np.full(17, 1.1)]), MEAN_51]) * 100 + 20
    mask = inner_mask(points, frame_px=(140, 150))
    hull = np.zeros((150, 140), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(points).astype(np.int32)), 1)
    assert mask.shape == (150, 140)
    assert 0 < mask.sum() < hull.sum()
    assert not (mask & ~hull & 1).any()
