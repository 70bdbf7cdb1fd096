"""What the document says that models cost, against models that are computed with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.models import keep, machine
from docs.generate import settings_classes
from docs.sizes import entry_bytes, fixed_bytes, gflop, kept_bytes, parts_of, size_of
from docs.variants import VARIANTS
from tests.models.cartoons import cartoon_faces
from tests.models.counting import network_of
from tests.models.tiny import TINY
from understudy.model import available, make_model, model_settings
from understudy.models import original
from understudy.sections import read_params

CPU = torch.device("cpu")


def tiny(name):
    values = read_params()["models"][name]
    return model_settings(name).model_validate(values | TINY[name] | ({} if name == "driven" else {"critics": []}))


@pytest.mark.parametrize("name", ["original", "df", "dlight", "faceswap_gan"])
def test_what_is_kept_for_the_way_back_is_found_without_computing(name):
    model = make_model(name, tiny(name), seed=1, device=CPU)
    model.begin(cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3))

    def loss(faces):
        return torch.stack(list(model.losses(step=0, part=0, faces=faces).values())).sum()

    assert size_of(name, tiny(name)).entry_bytes == entry_bytes(loss, model.network.parameters())


def test_what_lies_in_the_same_place_is_kept_once_and_weights_not_at_all():
    layer = nn.Linear(8, 16)
    values = torch.rand(5, 8)

    def loss():
        seen = torch.relu(layer(values))  # keeps the values, and what it makes, which the next two keep too
        return (seen * seen).sum()

    assert kept_bytes(loss, layer.parameters()) == 4 * (5 * 8 + 5 * 16)


def test_an_entry_is_what_one_more_face_keeps_and_not_what_is_kept_anyway():
    table, weight = torch.rand(1000), torch.rand(1000, requires_grad=True)

    def loss(faces):
        return (torch.rand(faces, 1000) * (table * weight)).sum()

    assert entry_bytes(loss, [weight]) == 4 * 1000


def test_a_training_holds_five_times_its_weights_and_once_more_for_each_further_thread():
    assert fixed_bytes(1000) == 5 * 4 * 1000
    assert fixed_bytes(1000, threads=3) == 7 * 4 * 1000


def test_a_multiplication_and_an_addition_are_two_operations():
    with torch.device("meta"):
        left, right = torch.empty(100, 200), torch.empty(200, 300)
    assert gflop(lambda: left @ right) == 2 * 100 * 200 * 300 / 1e9


def test_the_code_begins_with_the_first_dense_layer():
    parts = parts_of(network_of(original))
    assert parts == {
        "encoder": 17_214_720,
        "middle": 82_062_470 - 17_214_720 - 2 * 6_199_747,
        "source": 6_199_747,
        "target": 6_199_747,
        "both": 0,
    }


def test_one_more_person_costs_what_is_theirs_alone():
    assert size_of("original", tiny("original")).person == size_of("original", tiny("original")).parts["source"]
    assert size_of("driven", tiny("driven")).person is None
    shared = size_of("iae", tiny("iae"))
    assert shared.parts["source"] == 0 < shared.parts["both"]
    assert 0 < shared.person < shared.parts["middle"]


def test_variants_are_of_models_that_there_are_and_change_what_they_have():
    assert set(VARIANTS) <= set(available())
    for name, variants in VARIANTS.items():
        for label, changes in variants.items():
            assert set(changes) <= set(settings_classes()[f"models.{name}"].model_fields), (name, label)


def test_the_bench_tells_of_a_model_what_the_document_shows(tmp_path: Path):
    result = tmp_path / "models.json"
    options = ("--batch", "4", "--steps", "1", "--into", result)
    subprocess.run([sys.executable, "bench/models.py", "compact", *options], check=True, stdout=subprocess.DEVNULL)
    found = json.loads(result.read_text())
    assert found["machine"] == machine()
    compact = found["models"]["compact"]
    assert (compact["batch"], compact["steps"]) == (4, 1)
    assert 0 < compact["drawing_share"] < 1
    assert compact["seconds"] > 0 < compact["cpu_s"]
    assert compact["peak_bytes"] > compact["computed_bytes"] > 0


def test_what_another_machine_measured_is_forgotten(tmp_path: Path):
    result = tmp_path / "models.json"
    keep(result, "df", {"batch": 2})
    keep(result, "amp", {"batch": 4})
    assert list(json.loads(result.read_text())["models"]) == ["amp", "df"]
    result.write_text(json.dumps({"machine": {"processor": "another"}, "models": {"df": {"batch": 2}}}))
    keep(result, "amp", {"batch": 4})
    assert list(json.loads(result.read_text())["models"]) == ["amp"]
