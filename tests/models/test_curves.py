import pytest

from understudy.phaze_a.curves import halved_to, spread


@pytest.mark.parametrize(
    ("slope", "mode", "widths"),
    [
        (-0.45, "full", [512, 256, 128, 64]),
        (0.0, "full", [512, 360, 208, 64]),
        (-0.5, "cap_max", [512, 256, 128, 64]),
        (-0.75, "cap_max", [512, 512, 128, 64]),
        (-0.75, "cap_min", [512, 128, 64, 64]),
    ],
)
def test_filters_fall_as_slope_and_mode_say(slope, mode, widths):
    assert spread(512, 64, 4, slope=slope, mode=mode) == widths


def test_a_positive_slope_falls_late():
    assert spread(512, 64, 4, slope=0.45)[1] > spread(512, 64, 4, slope=0.0)[1]


def test_one_width_is_the_first():
    assert spread(512, 64, 1, slope=-0.45) == [512]


@pytest.mark.parametrize(
    ("output_px", "most", "side"), [(128, 4, 4), (384, 4, 3), (448, 4, 7), (80, 8, 5), (256, 16, 16)]
)
def test_the_codes_side_is_what_doublings_bring_to_the_output(output_px, most, side):
    assert halved_to(output_px, most) == side
