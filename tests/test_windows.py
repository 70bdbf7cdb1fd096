"""Filtering by blocks of a band matrix, against scipy."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from understudy.windows import blurred, filtered, gaussian_rows


def pictures(*shape):
    return torch.from_numpy(np.random.default_rng(2).random(shape))


@pytest.mark.parametrize("side", [5, 31, 32, 33, 70])
def test_taps_are_those_of_a_correlation_with_borders_that_go_on(side):
    values = pictures(2, 3, side, side + 3)
    down, across = (0.1, 0.2, 0.9, -0.3, 0.5), (1.0, 0.25, -2.0)
    expected = correlate1d(correlate1d(values.numpy(), down, axis=2, mode="nearest"), across, axis=3, mode="nearest")
    assert np.allclose(filtered(values, down=down, across=across).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("window", [2, 3, 8, 11])
def test_a_blur_is_the_mean_under_a_window_cut_at_the_border(window):
    values = pictures(1, 1, 40, 37)
    taps = np.exp(-((np.arange(window) - (window - 1) / 2) ** 2) / (2 * 1.5**2))
    origin = -1 if window % 2 == 0 else 0  # scipy's even windows begin one earlier

    def summed(each):
        once = correlate1d(each, taps, axis=2, mode="constant", origin=origin)
        return correlate1d(once, taps, axis=3, mode="constant", origin=origin)

    expected = summed(values.numpy()) / summed(np.ones_like(values.numpy()))
    assert np.allclose(blurred(values, window=window, sigma=1.5).numpy(), expected, rtol=1e-10)


def test_a_blur_has_the_gradient_of_its_values():
    values = pictures(1, 2, 36, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: blurred(each, window=5, sigma=1.0), values, fast_mode=True)


def test_what_was_first_made_without_gradients_serves_with_them():
    with torch.inference_mode():
        blurred(pictures(1, 1, 23, 23), window=5, sigma=0.7)
        gaussian_rows(23, window=7, sigma=0.7, dtype=torch.float64, device=torch.device("cpu"))
    values = pictures(1, 1, 23, 23).requires_grad_()
    rows = gaussian_rows(23, window=7, sigma=0.7, dtype=torch.float64, device=torch.device("cpu"))
    (blurred(values, window=5, sigma=0.7) @ rows).sum().backward()
    assert values.grad.isfinite().all()
