import math

import numpy as np
import pytest

from understudy.axes import linear_axis, log_axis, step_axis
from understudy.curves import BACKGROUND, BEST, COLOURS, PLOT_PX, TOP_PX, best_step, plots, training_curves

WIDTH_PX = 1536


def history(losses, **more):
    return [
        {
            "step": 100.0 * (index + 1),
            "learning_rate": 1e-3,
            "loss": loss,
            "loss_source": loss,
            "validation_loss_source": 2 * loss,
            "validation_psnr_db_source": 20.0 + index,
            **{name: values[index] for name, values in more.items()},
        }
        for index, loss in enumerate(losses)
    ]


def pixels_of(picture, colour):
    """Rows and columns below the legend of what is drawn in exactly this colour, sorted from left to right."""
    rows, columns = np.nonzero((picture[TOP_PX:] == colour).all(2))
    order = np.argsort(columns, kind="stable")
    return rows[order] + TOP_PX, columns[order]


def loss_plot(rows):
    return training_curves(rows, width_px=WIDTH_PX)[:, : WIDTH_PX // 3]


def test_a_falling_loss_falls_and_a_rising_one_rises():
    for losses, sign in (([0.4, 0.2, 0.1], 1), ([0.1, 0.2, 0.4], -1)):
        rows, _ = pixels_of(loss_plot(history(losses)), COLOURS["source"])
        assert sign * (int(rows[-1]) - int(rows[0])) > 50


def test_equal_factors_are_equally_far_apart_on_the_logarithmic_axis():
    plot = plots(history([0.4, 0.2, 0.1]), widths_px=[512] * 3)[0]
    heights = [plot.place(100, loss)[1] for loss in (0.4, 0.2, 0.1)]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1])


def test_every_measurement_is_drawn_where_its_numbers_say():
    rows = history([0.4, 0.25, 0.3])
    picture, plot = loss_plot(rows), plots(rows, widths_px=[512] * 3)[0]
    for row in rows:
        x, y = plot.place(row["step"], row["loss_source"])
        assert tuple(picture[round(y), round(x)]) == COLOURS["source"]


def test_a_constant_history_is_drawn():
    drawn, _ = pixels_of(loss_plot(history([0.3] * 5)), COLOURS["source"])
    assert len(drawn) > 5
    assert np.ptp(drawn) <= 4


def test_one_measurement_is_drawn_and_none_leaves_empty_axes():
    assert len(pixels_of(loss_plot(history([0.3])), COLOURS["source"])[0])
    empty = training_curves([], width_px=WIDTH_PX)
    assert empty.shape == (PLOT_PX, WIDTH_PX, 3)
    assert not any(len(pixels_of(empty, colour)[0]) for colour in COLOURS.values())


@pytest.mark.parametrize("lost", [math.nan, math.inf, 0.0, -0.1])
def test_what_has_no_place_on_the_axis_leaves_a_gap(lost):
    whole, broken = history([0.4, 0.3, 0.2, 0.1, 0.1]), history([0.4, 0.3, lost, 0.1, 0.1])
    plot = plots(broken, widths_px=[512] * 3)[0]
    gap = [plot.place(step, 0.1)[0] for step in (215, 385)]
    number = [
        sum(gap[0] < column < gap[1] for column in pixels_of(loss_plot(rows), COLOURS["source"])[1])
        for rows in (whole, broken)
    ]
    assert number[0] > 0 == number[1]


def test_the_step_with_the_lowest_validation_loss_of_both_is_marked():
    rows = history([0.4, 0.1, 0.3], validation_loss_target=[0.3, 0.9, 0.2])
    assert best_step(rows) == 300
    assert best_step(history([0.4, 0.1, 0.3])) == 200
    x, _ = plots(history([0.4, 0.1, 0.3]), widths_px=[512] * 3)[0].place(200, 0.1)
    assert set(pixels_of(loss_plot(history([0.4, 0.1, 0.3])), BEST)[1].tolist()) == {round(x)}


def test_a_measurement_that_is_no_number_is_never_the_best():
    assert best_step(history([0.4, math.nan, 0.3])) == 300
    assert best_step(history([math.nan])) is None
    assert best_step([]) is None


def test_narrow_curves_stand_below_each_other():
    assert training_curves(history([0.4, 0.3]), width_px=512).shape == (3 * PLOT_PX, 512, 3)
    assert training_curves(history([0.4, 0.3]), width_px=2048).shape == (PLOT_PX, 2048, 3)


def test_the_same_history_makes_the_same_picture():
    rows = history([0.4, 0.25, 0.3, 0.2])
    first, second = (training_curves(rows, width_px=WIDTH_PX) for _ in range(2))
    assert np.array_equal(first, second)
    assert (first != BACKGROUND).any()


@pytest.mark.parametrize("values", [[0.031, 0.042], [1e-7, 3.0], [0.2, 0.2], [5.0], [], [math.nan]])
def test_a_logarithmic_axis_reaches_around_its_values_and_has_two_numbers_at_least(values):
    axis = log_axis(values)
    assert 2 <= len(axis.ticks) <= 7
    assert all(axis.low <= value <= axis.high for value in values if math.isfinite(value))
    assert all(0 <= axis.share(tick) <= 1 for tick in axis.ticks)


@pytest.mark.parametrize("values", [[19.3, 27.1], [0.0, 1e-5], [3.0, 3.0], [0.0], [-2.0, 5e6], []])
def test_a_linear_axis_reaches_around_its_values_and_has_few_numbers(values):
    axis = linear_axis(values)
    assert 2 <= len(axis.ticks) <= 8
    assert all(axis.low <= value <= axis.high for value in values)


@pytest.mark.parametrize("last", [1, 3, 1500, 1_000_000])
def test_steps_are_counted_in_whole_numbers_up_to_the_last(last):
    axis = step_axis(last)
    assert axis.high == last
    assert all(tick == round(tick) <= last for tick in axis.ticks)
