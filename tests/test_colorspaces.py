import cv2
import numpy as np
import pytest
import torch

from understudy.colorspaces import (
    hsv_from_rgb,
    lab_from_rgb,
    rgb_from_hsv,
    rgb_from_lab,
    rgb_from_ycc,
    ycc_from_rgb,
)

SPACES = {
    "lab": (lab_from_rgb, rgb_from_lab),
    "hsv": (hsv_from_rgb, rgb_from_hsv),
    "ycc": (ycc_from_rgb, rgb_from_ycc),
}


def colours():
    """A cube of colours with its edges and greys: (1, 3, 17², 17)."""
    steps = torch.linspace(0, 1, 17)
    return torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij")).view(1, 3, -1, 17)


def as_rows(pictures):
    return pictures[0].permute(1, 2, 0).contiguous().numpy()


@pytest.mark.parametrize("name", SPACES)
def test_there_and_back_every_colour_is_itself(name):
    there, back = SPACES[name]
    assert torch.allclose(back(there(colours())), colours(), atol=2e-4)


def test_lab_is_opencvs_to_a_tenth_of_a_unit():
    """OpenCV interpolates its curves from tables."""
    expected = cv2.cvtColor(as_rows(colours()), cv2.COLOR_RGB2Lab)
    assert np.abs(as_rows(lab_from_rgb(colours())) - expected).max() < 0.1


def test_rgb_of_lab_is_opencvs():
    lab = lab_from_rgb(colours())
    expected = cv2.cvtColor(as_rows(lab), cv2.COLOR_Lab2RGB)
    assert np.abs(as_rows(rgb_from_lab(lab)) - expected).max() < 2e-3


def test_greys_have_no_colour_and_white_a_lightness_of_100():
    grey = torch.linspace(0, 1, 9).expand(1, 3, 1, 9)
    lab = lab_from_rgb(grey)
    assert lab[:, 1:].abs().max() < 1e-3
    assert lab[0, 0, 0, -1].item() == pytest.approx(100, abs=1e-3)
    assert lab[0, 0, 0, 0].item() == pytest.approx(0, abs=1e-3)


def test_hsv_is_opencvs():
    expected = cv2.cvtColor(as_rows(colours()), cv2.COLOR_RGB2HSV)
    found = as_rows(hsv_from_rgb(colours()))
    away = np.abs(found[..., 0] - expected[..., 0] / 360)
    assert np.minimum(away, 1 - away).max() < 1e-5
    assert np.abs(found[..., 1:] - expected[..., 1:]).max() < 1e-5


def test_a_hue_turned_once_around_is_the_same_colour():
    hsv = hsv_from_rgb(colours())
    for turns in (-1, 1):
        turned = hsv + torch.tensor([turns, 0, 0]).view(1, 3, 1, 1)
        assert torch.allclose(rgb_from_hsv(turned), colours(), atol=1e-5)
