import numpy as np
import pytest
import torch

from understudy.analysers.fan_68 import Landmarks, decode_heat
from understudy.errors import AnalysisError
from understudy.files import sha256_of
from understudy.weights import Weights


def heat_at(points_N2, *, blur):
    y, x = np.mgrid[:64, :64]
    squared = (x - points_N2[..., 0, None, None]) ** 2 + (y - points_N2[..., 1, None, None]) ** 2
    return np.exp(-squared / 2 / blur**2).astype(np.float32)


def test_peaks_are_read_below_the_pixel():
    points = np.random.default_rng(0).uniform(2, 61, (3, 68, 2))
    found = decode_heat(heat_at(points, blur=1.3))
    assert np.abs(found - ((points + 0.5) * 4 - 0.5)).max() < 0.05


def test_peaks_at_the_border_stay_in_the_crop():
    found = decode_heat(heat_at(np.array([[[0.0, 0.0], [63.0, 63.0]]]), blur=1.3))
    assert found.min() > -4
    assert found.max() < 260


def test_missing_weights_are_one_line_that_says_where_they_belong(tmp_path):
    with pytest.raises(AnalysisError, match=r"2DFAN4-11f355bf06\.pth\.tar: no such weights; put the file"):
        Landmarks(tmp_path)


def test_other_weights_are_refused(tmp_path):
    torch.save({"layer": torch.zeros(3)}, tmp_path / "other.pth")
    weights = Weights("other.pth", sha256_of(tmp_path / "other.pth"))
    with pytest.raises(AnalysisError, match="not the weights of a FAN with 4 modules"):
        Landmarks(tmp_path, weights=weights)


def test_random_weights_give_points_within_the_boxes_they_were_given(tmp_path, monkeypatch):
    from face_alignment.models import FAN

    monkeypatch.setenv("UNDERSTUDY_DEVICE", "cpu")
    torch.save(FAN(4).state_dict(), tmp_path / "random.pth")
    weights = Weights("random.pth", sha256_of(tmp_path / "random.pth"))
    picture = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    boxes = np.array([[100.0, 80, 200, 180], [250, 100, 300, 150]])
    points = Landmarks(tmp_path, weights=weights).fit_boxes(picture, boxes)
    assert points.shape == (2, 68, 2)
    sides = boxes[:, 2] - boxes[:, 0]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 - np.column_stack([np.zeros(2), 0.12 * sides])
    assert (np.abs(points - middles[:, None]).max((1, 2)) <= 1.06 * sides).all()
