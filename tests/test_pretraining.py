"""Pre-training: weights from drawn people alone, the same bytes again, that a warm start takes."""

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file

from tests.models.cartoon_tables import write_crops
from understudy.model import make_model, model_settings
from understudy.pretraining import main, pretrain
from understudy.sections import read_params
from understudy.warmstart import StartFrom, start_from

REPO = Path(__file__).parents[1]
MEANS = {"decoders.source.mean", "decoders.target.mean"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    params = read_params(REPO / "params.yaml")
    params["models"]["compact"]["batch"] = 2
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    (tmp_path / "understudy").symlink_to(REPO / "understudy")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def network():
    chosen = model_settings("compact").model_validate(read_params()["models"]["compact"])
    return make_model("compact", chosen, seed=7, device=torch.device("cpu")).network


def test_the_command_draws_a_crowd_once_and_writes_weights_whose_sha256_it_tells(project, capfd):
    command = ["--people", "0", "--frames", "1", "--steps", "2", "--weights", "data/raw/many.safetensors"]
    main(command)
    weights, sha256 = capfd.readouterr().err.strip().splitlines()[-1].removeprefix("pretraining: ").split(", sha256 ")
    report = start_from(network(), StartFrom(weights=weights, sha256=sha256))
    assert set(report.fresh) == MEANS
    assert report.unused == []
    with safe_open(weights, "pt") as file:
        facts = json.loads(file.metadata()["pretraining"])
    assert (facts["model"], facts["steps"], facts["last"]["step"]) == ("compact", 2, 2)
    main(command)
    assert f"sha256 {sha256}" in (told := capfd.readouterr().err)
    assert "drew" not in told


def test_the_same_crowd_gives_the_same_bytes_and_half_precision_weights_that_were_trained(project):
    write_crops(project / "crowd.parquet", "ada", number=12)
    for name in ("one", "two"):
        pretrain(project / "crowd.parquet", project / f"{name}.safetensors", model="compact", steps=2, seed=1)
    assert (project / "one.safetensors").read_bytes() == (project / "two.safetensors").read_bytes()
    values = load_file(project / "one.safetensors")
    assert {value.dtype for value in values.values()} == {torch.float16}
    pretrain(project / "crowd.parquet", project / "longer.safetensors", model="compact", steps=3, seed=1)
    longer = load_file(project / "longer.safetensors")
    assert all(not torch.equal(values[name], longer[name]) for name in values if name.endswith("weight"))
