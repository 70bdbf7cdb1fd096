import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from stages.swapper import SwapperSettings, main, too_coarse
from tests.models.cartoon_tables import write_crops
from understudy.curves import PLOT_PX, training_curves
from understudy.errors import ConsentError, ModelError, SettingsError
from understudy.images import decode_png
from understudy.model import read_model
from understudy.sections import read_params

REPO = Path(__file__).parents[2]
FILES = ["history.csv", "platform.json", "preview.png", "settings.json", "weights.safetensors"]
QUICK = {"model": "compact", "steps": 3, "measure_every": 1, "save_every": 2, "min_faces": 5, "parts": 1}


@pytest.fixture
def project(tmp_path, monkeypatch):
    params = read_params(REPO / "params.yaml")
    params["models"]["compact"]["batch"] = 2
    params["models"]["driven"] |= {"batch": 2, "nodes": 3}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copytree(REPO / "people", tmp_path / "people")
    write_crops(tmp_path / "data/crops/ada.parquet", "ada", number=12)
    write_crops(tmp_path / "data/crops/bo.parquet", "bo", number=12, seed=3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def swap_settings(**changes):
    return SwapperSettings.model_validate(read_params(REPO / "params.yaml")["swapper"] | QUICK | changes)


def train(source="ada", target="bo", *, folder="swapper", **changes):
    main(
        source_crops=Path(f"data/crops/{source}.parquet"),
        target_crops=Path(f"data/crops/{target}.parquet"),
        source_consent=Path(f"people/{source}.yaml"),
        target_consent=Path(f"people/{target}.yaml"),
        swapper=Path(f"data/{folder}"),
        settings=swap_settings(**changes),
    )
    return Path(f"data/{folder}")


@pytest.mark.parametrize("model", ["compact", "driven"])
def test_a_swapper_is_weights_settings_history_and_preview(project, model):
    folder = train(model=model)
    assert sorted(path.name for path in folder.iterdir()) == FILES
    described = json.loads((folder / "settings.json").read_text())
    assert (described["model"], described["source"], described["target"]) == (model, "ada", "bo")
    assert described["parameters"] > 1_000_000
    assert str(project) not in (folder / "settings.json").read_text()
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert all(float(value) == float(value) for row in rows for value in row.values())
    sheet = decode_png((folder / "preview.png").read_bytes())
    assert sheet.shape == (3 * 256 + 3 * PLOT_PX, 2 * 256, 3)
    assert np.abs(sheet[512:768, :256].astype(int) - sheet[:256, :256]).max() > 20
    history = [{name: float(value) for name, value in row.items()} for row in rows]
    assert np.array_equal(sheet[768:], training_curves(history, width_px=512))


def test_losses_that_only_some_phases_have_are_columns_with_gaps(project):
    params = read_params()
    params["models"]["compact"] |= {"critics": [{"critic": "code"}], "phases": [{"until": 1, "critics": 0}]}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    first, second, _ = csv.DictReader((train() / "history.csv").read_text().splitlines())
    assert first["loss_critics"] == first["loss_adversarial"] == ""
    assert float(second["loss_critics"]) > 0
    assert float(first["validation_loss_source"]) > 0


def test_two_runs_write_the_same_bytes(project):
    first, second = train(folder="one"), train(folder="two")
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_another_seed_is_another_swapper(project):
    first, second = train(folder="one"), train(folder="two", seed=2)
    assert (first / "weights.safetensors").read_bytes() != (second / "weights.safetensors").read_bytes()


def test_a_person_may_be_trained_to_rebuild_themselves(project):
    assert json.loads((train("ada", "ada") / "settings.json").read_text())["source"] == "ada"


def test_no_checkpoint_stays_when_the_swapper_is_written(project):
    train()
    assert not list((project / ".understudy").rglob("*.safetensors"))


def test_too_few_faces_are_refused_before_anything_is_written(project):
    with pytest.raises(ModelError, match=r"ada\.parquet: 8 training faces of ada, expected at least 50"):
        train(min_faces=50)
    assert not Path("data/swapper").exists()


def test_an_unknown_model_is_refused(project):
    with pytest.raises(ModelError, match="no model 'quik'"):
        train(model="quik")


def test_a_misspelt_model_setting_is_refused(project):
    params = read_params()
    params["models"]["compact"]["bach"] = 3
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(SettingsError, match=r"models\.compact\.bach: no such parameter"):
        train()


def test_nobody_is_trained_without_consent(project):
    record = yaml.safe_load(Path("people/ada.yaml").read_text())
    record["allows"] = ["performance"]
    Path("people/ada.yaml").write_text(yaml.safe_dump(record))
    with pytest.raises(ConsentError, match="may not appear in another's place"):
        train()
    assert not Path(".understudy").exists()


@pytest.mark.parametrize(
    "damage", [lambda content: content[:2000], lambda content: b"", lambda content: content + b"x"]
)
def test_corrupt_weights_are_refused_in_one_line(project, damage):
    import torch

    weights = train() / "weights.safetensors"
    weights.write_bytes(damage(weights.read_bytes()))
    with pytest.raises(ModelError, match=r"weights\.safetensors: not the weights of a compact model"):
        read_model(weights.parent, device=torch.device("cpu"))


def test_weights_of_another_model_are_refused(project):
    import torch

    compact, driven = train(folder="one"), train(folder="two", model="driven", steps=1)
    shutil.copy(driven / "weights.safetensors", compact / "weights.safetensors")
    with pytest.raises(ModelError, match="not the weights of a compact model"):
        read_model(compact, device=torch.device("cpu"))


def test_crops_that_show_less_than_is_painted_are_spoken_of(project, capsys):
    train()
    assert "crops.resolution_px" not in capsys.readouterr().err
    assert too_coarse(205, crop_px=256) is None
    assert too_coarse(512, crop_px=640) is None
    assert "crops of 256 px show 205" in str(too_coarse(512, crop_px=256))
    assert str(too_coarse(512, crop_px=256)).endswith("crops.resolution_px 640 shows them all")
    params = read_params(Path("params.yaml"))
    params["models"]["driven"]["resolution_px"] = 256
    Path("params.yaml").write_text(yaml.safe_dump(params))
    train(model="driven", steps=1)
    assert "crops.resolution_px 320 shows them all" in capsys.readouterr().err
