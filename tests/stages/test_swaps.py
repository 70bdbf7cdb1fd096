import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.swaps import OVERLAP, PIECES, Settings, cut_faces, main
from tests.models.cartoon_tables import write_clip_of, write_crops
from tests.models.cartoons import cartoon_faces, cartoon_points, draw_cartoon
from tests.stages.conftest import make_in_shares
from tests.stages.test_swapper import project, train  # noqa: F401 - a fixture
from understudy.errors import AnalysisError, ConsentError, ModelError
from understudy.facesets import cut_face
from understudy.images import decode_png
from understudy.model import read_model
from understudy.sharing import Pieces
from understudy.tables import (
    IDENTITIES,
    LANDMARKS,
    SWAPS,
    is_kept,
    metadata_of,
    points_of,
    read_table,
    table_of_rows,
    write_table,
)

REPO = Path(__file__).parents[2]
PEOPLE = ["bo", "bo", "ada", None, "bo", "bo", "bo", "bo"]
REASONS = {4: "spread 0.034 above 0.02", 5: "no face found"}
MADE = "data/swaps/clip.ada-for-bo.parquet"
EXPECTED = [None, None, "another person: ada", "nobody on record", REASONS[4], REASONS[5], None]


@pytest.fixture
def clip(project):  # noqa: F811
    tables = write_clip_of("bo", project, people=PEOPLE, reasons=REASONS)
    return tables | {"swapper": train(model="driven", steps=1)}


def paint(clip, **options):
    return read_table(Path(paint_only(clip, **options)), SWAPS)


def paint_only(
    clip, *, swaps="data/swaps/clip.ada-for-bo.parquet", source="ada", bridge_frames=0, max_yaw_deg=None, pieces=PIECES
):
    yaw_deg = read_table(clip["landmarks"], LANDMARKS).column("yaw_deg").to_numpy()
    main(
        **clip,
        source_consent=Path(f"people/{source}.yaml"),
        target_consent=Path("people/bo.yaml"),
        swaps=Path(swaps),
        settings=Settings(max_yaw_deg=max_yaw_deg or float(yaw_deg[6:8].mean()), bridge_frames=bridge_frames),
        pieces=pieces,
    )
    return swaps


def test_every_frame_has_a_painted_face_or_a_reason(clip):
    table = paint(clip)
    assert table.column("frame").to_pylist() == list(range(8))
    found = table.column("reason").to_pylist()
    assert found[:7] == EXPECTED
    assert re.fullmatch(r"yaw \d+ above \d+\.\d+", found[7])
    painted = is_kept(table)
    for column in ("patch", "alpha"):
        assert [value is not None for value in table.column(column).to_pylist()] == painted.tolist()


def test_a_frame_whose_landmarks_were_rejected_is_painted_when_gaps_are_bridged(clip):
    reasons = paint(clip, bridge_frames=4).column("reason").to_pylist()
    assert reasons[4] is None
    assert reasons[5] == "no face found"


def test_a_painted_face_lies_over_the_performers(clip):
    table = paint(clip)
    rows = np.flatnonzero(is_kept(table))
    performed, painted = points_of(table)[rows], points_of(table, "painted_points")[rows]
    assert np.abs(performed[:, 36:48].mean(1) - painted[:, 36:48].mean(1)).max() < 6
    patch, alpha = (decode_png(table.column(name)[int(rows[0])].as_py()) for name in ("patch", "alpha"))
    assert patch.shape == (192, 192, 3)
    assert alpha.shape == (192, 192)
    assert 0.1 < (alpha > 127).mean() < 0.6


def test_faces_are_cut_as_those_the_swapper_was_trained_from(project):  # noqa: F811
    for person, seed in (("ada", 0), ("bo", 3)):
        write_crops(project / f"data/crops/{person}.parquet", person, number=12, seed=seed, side_px=320)
    tables = write_clip_of("bo", project, people=["bo"] * 2, reasons={})
    swapper = train(model="compact", steps=1)
    found = paint(tables | {"swapper": swapper}, max_yaw_deg=90)
    (points,) = points_of(found)[:1]
    model = read_model(swapper, device=torch.device("cpu"))
    cut = cut_face(
        draw_cartoon("bo", cartoon_points("bo", yaw_deg=0.0, mouth=0.0, lids=1.0)), points, resolution_px=320
    )
    faces = cartoon_faces("bo", number=1, side_px=320)
    face = replace(faces, pixels_NHWC=cut.pixels[None], mask_NHW=cut.mask[None], points_N2=cut.points[None])
    wanted = model.paint(replace(face, crop_from_frame_N23=cut.crop_from_frame[None])).patches_NHWC[0]
    patch = decode_png(found.column("patch")[0].as_py())
    assert np.abs(patch.astype(int) - wanted).mean() < 0.5


def test_the_table_says_who_was_painted_over_whom_and_by_which_weights(clip):
    facts = metadata_of(paint(clip))
    assert (facts["source"], facts["target"]) == ("ada", "bo")
    assert len(facts["weights_sha256"]) == 64


def test_two_runs_write_the_same_table(clip, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_THREADS", "1")
    paint(clip, swaps="one.parquet")
    monkeypatch.setenv("UNDERSTUDY_THREADS", "2")
    paint(clip, swaps="two.parquet")
    assert Path("one.parquet").read_bytes() == Path("two.parquet").read_bytes()


def test_pieces_and_shares_give_the_bytes_of_one_go(project):  # noqa: F811
    long = write_clip_of("bo", project, people=["bo"] * 15, reasons={3: "no face found"}) | {
        "swapper": train(model="driven", steps=1)
    }
    make = partial(paint_only, long, max_yaw_deg=90)
    assert is_kept(read_table(Path(make(swaps="whole.parquet", pieces=Pieces(2))), SWAPS)).sum() == 14
    for number in (1, 2, 3, 7):
        made = Path(f"shared-{number}.parquet")
        shared = make_in_shares(partial(make, swaps=made), made, size=2, number=number)
        assert shared == Path("whole.parquet").read_bytes()


@pytest.mark.parametrize("number", [1, 2, 9, 10, 11, 12, 13, 100])
def test_faces_are_cut_so_that_every_piece_is_steadied_on_both_sides(number):
    parts = cut_faces(number, size=2)
    assert [face for part in parts for face in part] == list(range(number))
    assert all(len(part) == 2 and part.stop + OVERLAP <= number for part in parts[:-1])
    assert len(parts[-1]) < 2 + OVERLAP


def test_a_swapper_for_another_pair_is_refused(clip):
    with pytest.raises(ModelError, match="trained for ada in bo's place, asked for bo in bo's"):
        paint(clip, source="bo")


def test_nobody_is_painted_without_consent(clip):
    record = Path("people/bo.yaml")
    record.write_text(record.read_text().replace("performance", "likeness"))
    with pytest.raises(ConsentError, match="may not be replaced"):
        paint(clip)
    assert not Path("data/swaps").exists()


def test_a_swapper_that_is_not_there_is_refused(clip):
    shutil.rmtree(clip["swapper"])
    with pytest.raises(ModelError, match=r"settings\.json: no such file; run the stage swapper"):
        paint(clip)


def test_a_clip_without_the_target_is_refused_with_the_reasons(clip):
    strangers = read_table(clip["identities"], IDENTITIES).to_pylist()
    rows = [row | {"person": None} for row in strangers]
    write_table(clip["identities"], table_of_rows(IDENTITIES, rows), IDENTITIES)
    with pytest.raises(AnalysisError, match=r"no face of bo to paint: 0 faces painted, 8 not .*6 nobody on record"):
        paint(clip)
    assert not Path("data/swaps").exists()


def test_a_full_disk_is_one_line_and_leaves_nothing(clip, project):  # noqa: F811
    flags = [part for name, path in clip.items() for part in (f"--{name}", str(path))]
    flags += [
        "--source-consent",
        "people/ada.yaml",
        "--target-consent",
        "people/bo.yaml",
        "--swaps",
        "data/swaps/x.parquet",
    ]
    command = ["prlimit", "--fsize=4096", sys.executable, str(REPO / "stages/swaps.py"), *flags]
    environment = os.environ | {"PYTHONPATH": str(REPO), "UNDERSTUDY_DEVICE": "cpu"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "File too large; nothing was changed, allow larger files" in done.stderr.splitlines()[-1]
    assert list(Path("data/swaps").iterdir()) == []
