import numpy as np
import pytest

from understudy.color import coded_from_linear, linear_from_coded, luminance, to_bytes


def test_every_byte_comes_back_from_linear_light():
    codes = np.arange(256, dtype=np.uint8)
    assert np.array_equal(to_bytes(coded_from_linear(linear_from_coded(codes))), codes)


def test_bytes_and_floats_mean_the_same_light():
    codes = np.arange(256, dtype=np.uint8)
    assert np.allclose(linear_from_coded(codes), linear_from_coded(codes / np.float32(255)), atol=1e-7)


def test_the_curve_is_that_of_srgb():
    assert linear_from_coded(np.float32([0, 0.04045, 0.5, 1])) == pytest.approx([0, 0.0031308, 0.2140411, 1], abs=1e-6)


def test_what_lies_outside_is_clipped():
    assert coded_from_linear(np.float32([-0.5, 1.5])) == pytest.approx([0, 1])
    assert linear_from_coded(np.float32([-0.5, 1.5])) == pytest.approx([0, 1])
    assert to_bytes(np.float32([-1, 2])).tolist() == [0, 255]


def test_white_has_luminance_one_and_green_most_of_it():
    assert luminance(np.ones((2, 2, 3), np.float32)) == pytest.approx(np.ones((2, 2)))
    assert luminance(np.eye(3, dtype=np.float32)).argmax() == 1
