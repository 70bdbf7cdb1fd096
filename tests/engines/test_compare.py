"""Commits and experiments side by side as one page that needs nothing from outside."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.engines.workspace import Workspace
from understudy.engines.charts import NUM_COLORS, chart, ticks
from understudy.engines.compare import page
from understudy.engines.revisions import Revision

SCORES = "data/scores/bo.ada-for-bo.json"
HISTORY = "data/swapper/ada-bo/history.csv"


def revision(
    name: str, *, light: float, distance: float, losses: list[float], missing: tuple[str, ...] = ()
) -> Revision:
    return Revision(
        name=name,
        settings={"look.light": light, "look.grain": 1},
        scores={(SCORES, "held_out.shot.distance"): distance, (SCORES, "painted.share"): 1.0},
        curves={(HISTORY, "loss"): [(100.0 * step, loss) for step, loss in enumerate(losses)]},
        missing=missing,
    )


@pytest.fixture
def two() -> list[Revision]:
    return [
        revision("main", light=0.5, distance=0.25, losses=[0.5, 0.25]),
        revision("<exp>", light=0.75, distance=0.375, losses=[0.5, 0.125], missing=("data/gone.csv",)),
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1500], [0, 500, 1000, 1500]),
        ([0.1, 0.3], [0.1, 0.15, 0.2, 0.25, 0.3]),
        ([20.1, 25.2], [20, 22, 24, 26]),
        ([3], [2.6, 2.8, 3, 3.2, 3.4]),
        ([], [0, 0.25, 0.5, 0.75, 1]),
        ([-1, 1], [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(values: list[float], expected: list[float]):
    assert ticks(values) == pytest.approx(expected)


def test_a_curve_rises_where_its_values_do_and_says_them():
    drawn = ET.fromstring(chart("a & b", [(0, "main", [(0, 1), (10, 3), (20, 2)])], across="step"))
    dots = list(drawn.iter("circle"))
    heights = [-float(dot.attrib["cy"]) for dot in dots]
    across = [float(dot.attrib["cx"]) for dot in dots]
    assert heights.index(max(heights)) == 1
    assert across == sorted(across)
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.11)
    assert dots[1][0].text == "main: 10, 3"


def test_numbers_beside_the_chart_differ_however_close_the_values_are():
    drawn = ET.fromstring(chart("close", [(0, "main", [(0, 24.0401), (1500, 24.0502)])], across="step"))
    said = [text.text for text in drawn.iter("text") if text.get("class") == "tick"]
    assert said[:4] == ["24.04", "24.045", "24.05", "24.055"]
    assert said[-4:] == ["500", "1000", "1500", "step"]


def test_curves_beyond_the_colours_are_told_apart_by_dashes():
    curves = [(number, str(number), [(0.0, 1.0), (1.0, 2.0)]) for number in range(2 * NUM_COLORS)]
    paths = [path.attrib for path in ET.fromstring(chart("many", curves, across="step")).iter("path")]
    looks = {(path["class"], path.get("stroke-dasharray")) for path in paths if path["class"] != "grid"}
    assert len(looks) == len(curves)


def test_the_page_shows_what_differs_and_by_how_much(two: list[Revision]):
    text = page(two)
    rows = dict(re.findall(r"<tr><td>([^<]+)</td>(.*?)</tr>", text))
    assert re.sub("<[^>]+>", " ", rows["look.light"]).split() == ["0.5", "0.75"]
    assert "look.grain" not in rows
    assert re.sub("<[^>]+>", " ", rows["shot.distance"]).split() == ["0.25", "0.375", "+0.125"]
    assert text.index("1 scores that are equal") < text.index("<td>share</td>")
    assert text.count("<circle") == 4


def test_the_page_loads_nothing_and_escapes_names(two: list[Revision]):
    text = page(two)
    assert not re.search(r"<script|<link|<img|https?:|@import|url\(", text)
    assert "<exp>" not in text
    assert "&lt;exp&gt;: not stored here: data/gone.csv" in text


def test_revisions_are_read_from_dvc(project: Workspace, tmp_path: Path):
    project.commit("Run it")
    project.set_params(lambda params: params["scores"].update(moments=9))
    project.snakemake()
    written = tmp_path / "page.html"
    done = project.run("python", "-m", "understudy.engines.compare", "--page", str(written))
    assert done.stdout == f"compare: {written}\n"
    rows = dict(re.findall(r"<tr><td>([^<]+)</td>(.*?)</tr>", written.read_text()))
    assert re.sub("<[^>]+>", " ", rows["scores.moments"]).split() == ["6", "9"]
    assert [name for name in rows if name.startswith("scores.")] == ["scores.moments"]
    assert "digest" in rows
    assert "ada-bo: loss" in written.read_text()


@pytest.mark.parametrize(
    ("names", "line"),
    [(["HEAD", "nothing"], "understudy: compare: "), (["HEAD"], "understudy: compare: name at least two revisions")],
)
def test_what_cannot_be_compared_is_one_line(project: Workspace, names: list[str], line: str):
    project.commit("Run it")
    done = project.run("python", "-m", "understudy.engines.compare", *names, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
