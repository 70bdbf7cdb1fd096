"""Starting from other weights: what fits is taken, what does not is told, another file is refused."""

import pytest
import torch
from safetensors.torch import save_file

from understudy.errors import ModelError, SettingsError
from understudy.files import sha256_of
from understudy.params import parse_section
from understudy.warmstart import StartFrom, start_from


def network(width=3):
    return torch.nn.ModuleDict({"encoder": torch.nn.Linear(2, width), "decoder": torch.nn.Linear(width, 2)})


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = {f"encoder.{name}": value.detach() for name, value in network()["encoder"].named_parameters()}
    save_file(values | {"critic.weight": torch.ones(1)}, "weights.safetensors")
    return {"weights": "weights.safetensors", "sha256": sha256_of(tmp_path / "weights.safetensors")}, values


def test_what_fits_is_taken_and_all_is_told(weights):
    chosen, values = weights
    fresh = network()
    before = fresh["decoder"].weight.detach().clone()
    report = start_from(fresh, StartFrom(**chosen))
    assert torch.equal(fresh["encoder"].weight, values["encoder.weight"])
    assert torch.equal(fresh["decoder"].weight, before)
    assert report.taken == ["encoder.bias", "encoder.weight"]
    assert report.fresh == ["decoder.bias", "decoder.weight"]
    assert report.unused == ["critic.weight"]


def test_weights_in_half_precision_are_taken_as_they_are(weights, tmp_path):
    _, values = weights
    halves = {name: value.half() for name, value in values.items()}
    save_file(halves, "halves.safetensors")
    fresh = network()
    start_from(fresh, StartFrom(weights="halves.safetensors", sha256=sha256_of(tmp_path / "halves.safetensors")))
    assert fresh["encoder"].weight.dtype == torch.float32
    assert torch.equal(fresh["encoder"].weight, halves["encoder.weight"].float())


def test_what_is_to_be_left_is_left(weights):
    chosen, values = weights
    fresh = network()
    report = start_from(fresh, StartFrom(**chosen, leave=("encoder",)))
    assert report.taken == []
    assert not torch.equal(fresh["encoder"].weight, values["encoder.weight"])


def test_another_shape_starts_afresh_unless_it_must_fit(weights):
    chosen, _ = weights
    assert "encoder.weight" in start_from(network(width=5), StartFrom(**chosen)).fresh
    with pytest.raises(ModelError, match=r"encoder\.bias and 1 more are missing or of another shape"):
        start_from(network(width=5), StartFrom(**chosen, must_fit=("encoder",)))


def test_another_file_than_the_one_that_was_meant_is_refused(weights):
    chosen, _ = weights
    with pytest.raises(ModelError, match=r"weights\.safetensors: SHA-256 .* is 0000"):
        start_from(network(), StartFrom(weights=chosen["weights"], sha256="0" * 64))
    with pytest.raises(ModelError, match=r"no file none\.safetensors"):
        start_from(network(), StartFrom(weights="none.safetensors", sha256="0" * 64))


@pytest.mark.parametrize("path", ["/etc/weights.safetensors", "../weights.safetensors", "weights.pt"])
def test_a_path_out_of_the_project_or_a_pickle_is_refused(path):
    with pytest.raises(SettingsError, match=r"must be a \.safetensors file within the project"):
        parse_section(StartFrom, {"weights": path, "sha256": "0" * 64}, where="params.yaml: swapper.start_from")
