"""The comparison of model families: what fits into a budget, and how made-up scores are told."""

from pathlib import Path

import pytest
import yaml

from bench.compared.__main__ import chosen
from bench.compared.budget import Cost, rows_every, steps_within
from bench.compared.figures import Found, Pair, markdown, ordered, shot_table, training_table, verdict
from bench.compared.page import page
from understudy.errors import SettingsError
from understudy.model import available, model_settings
from understudy.params import parse_section

ROOT = Path(__file__).parents[2]
PAIR = Pair("ada", "bo", mean_face_db=20.0)
COST = Cost(0.25, 2_413_630, 64, 96)


def found(
    name="compact", *, to_source=0.3, to_target=0.5, mouth=0.9, sharpness=0.8, rebuilt=25.0, seen=1.0, failed=""
) -> Found:
    """A family with these figures; of the true swap and the untouched clip others."""
    scores = {
        "held_out": {
            "frames": 20,
            "shot": film(to_source, to_target, mouth, sharpness, seen=seen),
            "true_swap": film(0.2, 0.5, 0.99, 1.0),
            "untouched": film(0.5, 0.1, 0.88, 1.1),
            "against_true_swap": {"psnr_db": 22.25},
        },
        "reconstruction": {"psnr_db_source": rebuilt, "ssim_source": 0.8},
    }
    return Found(name, f"{name}, 64 to 96", COST, 480, 121.6, {"width": 32}, {} if failed else scores, failed)


def film(to_source, to_target, mouth, sharpness, *, seen=1.0):
    return {
        "seen": seen,
        "identity": {
            "source_distance": to_source,
            "target_distance": to_target,
            "source_nearer": float((to_source or 1.0) < 0.4),
        },
        "mouth": {"correlation": 0.1, "true_correlation": mouth},
        "eyes": {"correlation": 0.7, "true_correlation": None},
        "pose": {"error_deg": 1.25},
        "sharpness": sharpness * 0.04,
    }


def cells(table: str, row: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(f"| {row} "))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


@pytest.mark.parametrize(("budget", "step", "steps"), [(120, 0.25, 480), (120, 8, 15), (100, 30, 3), (5, 8, 1)])
def test_steps_come_nearest_to_the_budget_and_there_is_always_one(budget, step, steps):
    assert steps_within(budget, step_cpu_s=step) == steps


@pytest.mark.parametrize("steps", [1, 7, 8, 9, 480, 481])
def test_a_history_has_at_most_eight_rows_and_as_many_as_there_are_steps(steps):
    rows = -(-steps // rows_every(steps))
    assert rows <= 8
    assert rows >= min(steps, 5)


def test_the_nearest_to_the_source_comes_first_and_what_failed_last():
    rows = [found("failed", failed="out of memory"), found("far", to_source=0.5), found("near", to_source=0.2)]
    assert [row.family for row in ordered(rows)] == ["near", "far", "failed"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (found(), "Ada"),
        (found(sharpness=0.4), "Ada, a blur"),
        (found(mouth=0.2), "Ada, mouth does not follow"),
        (found(mouth=None), "Ada, mouth does not follow"),
        (found(to_source=0.42, to_target=0.45), "neither Bo nor Ada"),
        (found(to_source=0.5, to_target=0.3), "still Bo"),
        (found(rebuilt=19.9), "collapsed: rebuilds no better than a mean face"),
        (found(seen=0.2), "no face is seen"),
        (found(to_source=None), "no face is seen"),
        (
            found(failed="swapper: training: the loss source is nan"),
            "failed: swapper: training: the loss source is nan",
        ),
    ],
)
def test_a_row_says_what_the_shot_shows_and_what_went_wrong_first(row, words):
    assert verdict(row, PAIR) == words


def test_the_table_of_shots_has_both_ends_of_the_scale_and_takes_the_truth_where_it_is_known():
    table = shot_table([found()], PAIR)
    assert cells(table, "family")[:3] == ["family", "d(ada)", "d(bo)"]
    assert cells(table, "**true swap**") == ["**true swap**", "0.20", "0.50", "0.99", "0.70", "1.2", "1.00", "–", ""]
    assert cells(table, "**untouched**")[6] == "1.10"
    assert cells(table, "compact") == ["compact", "0.30", "0.50", "0.90", "0.70", "1.2", "0.80", "22.2", "Ada"]


def test_a_failed_family_has_dashes_for_figures():
    failed = found("df", failed="no | memory")
    assert cells(shot_table([failed], PAIR), "df") == ["df", *["–"] * 7, "failed: no \\| memory"]
    assert cells(training_table([failed]), "df")[-4:] == ["–"] * 4


def test_the_table_of_trainings_says_what_was_trained_for_how_long():
    figures = ["compact", "compact, 64 to 96", "2.4 M", "0.25", "480", "122", "25.0", "0.800", "–", "–"]
    assert cells(training_table([found()]), "compact") == figures


def test_every_line_of_a_table_has_as_many_cells():
    lines = markdown(["family", "steps"], [["a|b", "3"], ["c", "4"]]).splitlines()
    assert {line.replace("\\|", "").count("|") for line in lines} == {3}


def test_the_page_holds_the_tables_and_the_sizes():
    text = page([found()], PAIR, cpu_s=90, picture="compared.png")
    assert "90 CPU seconds" in text
    assert shot_table([found()], PAIR) in text
    assert "- `compact`: width 32\n" in text


def test_every_model_has_a_family_whose_settings_it_takes():
    families = chosen([])
    models = yaml.safe_load((ROOT / "params.yaml").read_text())["models"]
    assert {family.model or name for name, family in families.items()} == set(available())
    for name, family in families.items():
        model = family.model or name
        parse_section(model_settings(model), models[model] | family.settings, where=name)


def test_a_family_that_is_none_is_refused_with_those_that_there_are():
    with pytest.raises(SettingsError, match=r"no family 'quik'.*compact"):
        chosen(["quik"])
