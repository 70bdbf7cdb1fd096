"""Every loss against its definition, written again in numpy, or against a value of its authors' own program."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve, convolve1d

from understudy.errors import ModelError
from understudy.losses.background import background
from understudy.losses.dssim_two_scales import dssim_two_scales
from understudy.losses.edge import edge
from understudy.losses.flip import flip
from understudy.losses.focal_frequency import focal_frequency
from understudy.losses.gmsd import gmsd
from understudy.losses.l_inf_norm import l_inf_norm
from understudy.losses.laplacian_pyramid import laplacian_pyramid
from understudy.losses.log_cosh import log_cosh
from understudy.losses.ms_ssim import ms_ssim
from understudy.losses.pixel_gradient import pixel_gradient
from understudy.losses.robust import robust
from understudy.losses.smooth_l1 import smooth_l1
from understudy.losses.style import style
from understudy.losses.total_variation import total_variation


def drawn(side, phase):
    """A picture of waves, (H, W, 3), the same on every machine."""
    rows, columns, channels = np.mgrid[:side, :side, :3]
    return 0.5 + 0.4 * np.sin(rows / 7 + channels + phase) * np.cos(columns / 5 - channels * phase)


def rough(side, seed):
    return np.random.default_rng(seed).random((side, side, 3))


def of(loss, painted, wanted, **options):
    """The loss of two pictures (H, W, 3), all of whose pixels weigh alike."""
    tensors = [torch.from_numpy(each.transpose(2, 0, 1))[None].contiguous() for each in (painted, wanted)]
    weight = torch.full((1, 1, *painted.shape[:2]), 0.7, dtype=torch.float64)
    return loss(*tensors, weight_B1HW=weight, **options).item()


def similar(first, second, taps):
    """Similarity of means, and of the rest, of every window wholly inside: Wang et al. 2004, a channel at a time."""

    def mean(values):
        whole = convolve1d(convolve1d(values, taps, axis=0, mode="constant"), taps, axis=1, mode="constant")
        before, after = (len(taps) - 1) // 2, len(taps) // 2
        return whole[before : len(whole) - after, before : len(whole) - after]

    m1, m2 = mean(first), mean(second)
    v1, v2, both = mean(first**2) - m1**2, mean(second**2) - m2**2, mean(first * second) - m1 * m2
    return (2 * m1 * m2 + 1e-4) / (m1**2 + m2**2 + 1e-4), (2 * both + 9e-4) / (v1 + v2 + 9e-4)


def halved(picture):
    return (picture[::2, ::2] + picture[1::2, ::2] + picture[::2, 1::2] + picture[1::2, 1::2]) / 4


def gaussian(window, sigma=1.5):
    taps = np.exp(-((np.arange(window) - (window - 1) / 2) ** 2) / (2 * sigma**2))
    return taps / taps.sum()


def dissimilar(painted, wanted, window):
    means, rest = similar(painted, wanted, gaussian(window))
    return ((1 - means * rest) / 2).mean()


@pytest.mark.parametrize(("side", "windows"), [(64, [5]), (128, [11]), (255, [21]), (256, [22, 11]), (320, [27, 13])])
def test_the_windows_of_two_scales_are_those_of_the_side(side, windows):
    painted, wanted = rough(side, 1), rough(side, 2)
    expected = np.mean([dissimilar(painted, wanted, window) for window in windows])
    assert of(dssim_two_scales, painted, wanted) == pytest.approx(expected, rel=1e-9)


def test_the_background_is_structure_and_squares():
    painted, wanted = rough(96, 1), rough(96, 2)
    expected = dissimilar(painted, wanted, 8) + ((painted - wanted) ** 2).mean()
    assert of(background, painted, wanted) == pytest.approx(expected, rel=1e-9)


def test_ms_ssim_is_the_product_of_its_scales():
    first, second = drawn(192, 0.3), 0.8 * drawn(192, 0.3) + 0.2 * rough(192, 4)
    product, painted, wanted = 1.0, first, second
    for level, power in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if level:
            painted, wanted = halved(painted), halved(wanted)
        means, rest = similar(painted, wanted, gaussian(11))
        product = product * (means * rest if level == 4 else rest).mean((0, 1)) ** power
    assert of(ms_ssim, first, second) == pytest.approx(1 - product.mean(), rel=1e-9)


def test_ms_ssim_shrinks_its_windows_to_the_smallest_picture():
    """128 pixels halved four times are 8."""
    first, second = drawn(128, 0.3), drawn(128, 0.6)
    assert of(ms_ssim, first, second) == pytest.approx(of(ms_ssim, first, second, window=8), rel=1e-12)


def test_gmsd_is_the_deviation_of_similar_edges():
    painted, wanted = drawn(64, 0.1), rough(64, 3)
    edges = []
    for picture in (painted, wanted):
        grey = halved(picture @ [0.299, 0.587, 0.114])
        prewitt = np.array([[1, 0, -1]] * 3) / 3
        edges.append(np.hypot(convolve(grey, prewitt, mode="constant"), convolve(grey, prewitt.T, mode="constant")))
    one, two = edges
    alike = (2 * one * two + 170 / 255**2) / (one**2 + two**2 + 170 / 255**2)
    assert of(gmsd, painted, wanted) == pytest.approx(alike.std(), rel=1e-5)


def test_a_laplacian_pyramid_is_what_each_blur_takes_away():
    painted, wanted = rough(32, 1), rough(32, 2)
    offsets = np.subtract.outer(np.arange(32), np.arange(32))
    rest, expected = painted - wanted, 0.0
    for level in range(2):
        side = 32 >> level
        near = offsets[:side, :side]
        blur = np.where(abs(near) <= 2, np.exp(-(near**2) / 2), 0)
        blur /= blur.sum(1, keepdims=True)
        low = np.einsum("ih,jw,hwc->ijc", blur, blur, rest)
        expected += 0.25**level * abs(rest - low).mean()
        rest = low.reshape(side // 2, 2, side // 2, 2, 3).mean((1, 3))
    expected += abs(rest).mean() / 16
    assert of(laplacian_pyramid, painted, wanted, levels=2) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("side", [24, 25])
def test_focal_frequency_is_that_of_the_whole_spectrum(side):
    painted, wanted = rough(side, 1), rough(side, 2)
    spectrum = abs(np.fft.fft2(painted - wanted, axes=(0, 1), norm="ortho"))
    focus = spectrum / spectrum.max((0, 1))
    assert of(focal_frequency, painted, wanted) == pytest.approx((focus * spectrum**2).mean(), rel=1e-9)


def test_patches_of_a_logarithmic_focus_are_spectra_of_their_own():
    painted, wanted = rough(24, 1), rough(24, 2)
    found = []
    for row in (slice(0, 12), slice(12, 24)):
        for column in (slice(0, 12), slice(12, 24)):
            spectrum = abs(np.fft.fft2((painted - wanted)[row, column], axes=(0, 1), norm="ortho"))
            focus = np.log(spectrum + 1)
            found.append(focus / focus.max((0, 1)) * spectrum**2)
    value = of(focal_frequency, painted, wanted, patches=2, logarithmic=True)
    assert value == pytest.approx(np.mean(found), rel=1e-9)


def test_no_gradient_passes_through_the_focus():
    painted = torch.from_numpy(rough(24, 1).transpose(2, 0, 1))[None].requires_grad_()
    wanted = torch.from_numpy(rough(24, 2).transpose(2, 0, 1))[None]
    focal_frequency(painted, wanted, weight_B1HW=torch.ones(1, 1, 24, 24, dtype=torch.float64)).backward()
    spectrum = np.fft.fft2((painted - wanted).detach().numpy(), norm="ortho")
    focus = abs(spectrum) / abs(spectrum).max((2, 3), keepdims=True)
    expected = 2 * np.fft.ifft2(focus * spectrum, norm="ortho").real / spectrum.size
    assert np.allclose(painted.grad.numpy(), expected, rtol=1e-9, atol=1e-15)


def test_without_a_focus_frequencies_are_squares():
    painted, wanted = rough(24, 1), rough(24, 2)
    assert of(focal_frequency, painted, wanted, alpha=0.0) == pytest.approx(((painted - wanted) ** 2).mean(), rel=1e-9)


def test_pictures_that_do_not_divide_into_patches_are_refused():
    with pytest.raises(ModelError, match="24 × 24 pixels"):
        of(focal_frequency, rough(24, 1), rough(24, 2), patches=5)


@pytest.mark.parametrize(("phase", "expected"), [(0.5, 0.603501), (0.05, 0.125561)])
def test_flip_is_that_of_its_authors(phase, expected):
    """By flip-evaluator 1.7 at 67.02 pixels a degree."""
    assert of(flip, drawn(96, phase), drawn(96, 0.0)) == pytest.approx(expected, abs=2e-5)


def test_style_is_mean_and_deviation_of_every_channel():
    painted, wanted = drawn(48, 0.1), rough(48, 2)
    expected = (painted.mean((0, 1)) - wanted.mean((0, 1))) ** 2
    expected += (np.sqrt(painted.var((0, 1)) + 1e-5) - np.sqrt(wanted.var((0, 1)) + 1e-5)) ** 2
    assert of(style, painted, wanted, radius_px=0) == pytest.approx(expected.mean(), rel=1e-9)


def test_style_blurs_by_an_eighth_of_the_height():
    painted, wanted = drawn(32, 0.1), rough(32, 2)
    near = np.subtract.outer(np.arange(32), np.arange(32))
    blur = np.where(abs(near) <= 8, np.exp(-(near**2) / 32), 0)
    blur /= blur.sum(1, keepdims=True)
    blurred = [np.einsum("ih,jw,hwc->ijc", blur, blur, each) for each in (painted, wanted)]
    assert of(style, painted, wanted) == pytest.approx(of(style, *blurred, radius_px=0), rel=1e-9)


def test_edges_compare_the_sizes_of_steps():
    painted, wanted = rough(16, 1), rough(16, 2)
    down = [abs(np.diff(each, axis=0))[:, :-1] for each in (painted, wanted)]
    across = [abs(np.diff(each, axis=1))[:-1] for each in (painted, wanted)]
    expected = abs(down[0] - down[1]).mean() + abs(across[0] - across[1]).mean()
    assert of(edge, painted, wanted) == pytest.approx(expected, rel=1e-9)


def test_a_pixel_gradient_is_of_central_differences():
    painted, wanted = rough(16, 1), rough(16, 2)
    error = painted - wanted
    kernels = {
        "slopes": [np.array([[-0.5, 0, 0.5]]), np.array([[-0.5], [0], [0.5]])],
        "bends": [np.array([[1, -2, 1]]), np.array([[1], [-2], [1]])],
        "corners": [np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]]) / 4],
    }
    squares = {
        name: sum((convolve(error, kernel[..., None], mode="nearest") ** 2).mean() for kernel in found)
        for name, found in kernels.items()
    }
    expected = (squares["slopes"] + squares["bends"] + 2 * squares["corners"]) / 2 * 255 / 2
    assert of(pixel_gradient, painted, wanted) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("alpha", [2.0, 1.0, 0.5, 0.0, -2.0])
def test_the_robust_loss_is_barrons(alpha):
    painted, wanted = rough(16, 1), rough(16, 2)
    scaled = ((painted - wanted) / 0.1) ** 2
    if alpha == 2:
        rho = scaled / 2
    elif alpha == 0:
        rho = np.log(scaled / 2 + 1)
    else:
        rho = abs(alpha - 2) / alpha * ((scaled / abs(alpha - 2) + 1) ** (alpha / 2) - 1)
    assert of(robust, painted, wanted, alpha=alpha, scale=0.1) == pytest.approx(0.1 * rho.mean(), rel=1e-9)


def test_the_robust_loss_of_one_is_nearly_the_absolute_error():
    painted, wanted = np.full((4, 4, 3), 0.9), np.full((4, 4, 3), 0.4)
    assert of(robust, painted, wanted) == pytest.approx(math.sqrt(0.25 + 1 / 255**2) - 1 / 255, rel=1e-9)


def test_pointwise_losses_are_their_formulas():
    painted, wanted = rough(16, 1), rough(16, 2)
    error = abs(painted - wanted)
    huber = np.where(error < 0.3, error**2 / 0.6, error - 0.15)
    assert of(smooth_l1, painted, wanted, beta=0.3) == pytest.approx(huber.mean(), rel=1e-9)
    assert of(log_cosh, painted, wanted) == pytest.approx(np.log(np.cosh(error)).mean(), rel=1e-9)
    assert of(l_inf_norm, painted, wanted) == pytest.approx(error.max((0, 1)).mean(), rel=1e-9)


def test_the_hyperbolic_cosine_of_large_differences_stays_finite():
    painted, wanted = np.full((4, 4, 3), 1.0), np.zeros((4, 4, 3))
    assert of(log_cosh, painted, wanted, scale=0.001) == pytest.approx(1 - 0.001 * math.log(2), rel=1e-9)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_total_variation_is_of_the_painted_alone(power):
    painted = rough(16, 1)
    steps = abs(np.diff(painted, axis=0)[:, 1:]) ** power + abs(np.diff(painted, axis=1)[1:]) ** power
    assert of(total_variation, painted, rough(16, 2), power=power) == pytest.approx(steps.mean(), rel=1e-9)
