import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from stages.swapper import SwapperSettings, main
from tests.models.cartoon_tables import write_crops
from tests.models.cartoons import cartoon_faces
from tests.models.tiny import TINY
from understudy.activations import Stage, watch
from understudy.featuremaps import SHOWN, WIDTH_PX, stage_row, strongest
from understudy.look import look, look_sheet
from understudy.look import main as look_main
from understudy.model import available, make_model, model_settings
from understudy.networks import FaceNetwork
from understudy.sections import read_params
from understudy.workers import workers

REPO = Path(__file__).parents[1]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def single_core():
    with workers(1):
        yield


@pytest.fixture(scope="module")
def people():
    return cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3)


def begun(name, people, **changes):
    settings = model_settings(name).model_validate(
        read_params(REPO / "params.yaml")["models"][name] | TINY[name] | changes
    )
    model = make_model(name, settings, seed=1, device=CPU)
    model.begin(*people)
    return model


def stages_of(model, face):
    return [(stage.name, tuple(stage.values.shape)) for stage in watch(model.network, lambda: model.paint(face))]


def sheet_of(model, face):
    return look_sheet(model, face, source="ada", title="a swapper")


def test_the_stages_of_the_original_are_its_layers_in_the_order_of_the_forward_pass(people):
    assert stages_of(begun("original", people), people[1].select([4])) == [
        ("input", (3, 64, 64)),
        ("encoder.1", (8, 32, 32)),
        ("encoder.3", (16, 16, 16)),
        ("encoder.5", (32, 8, 8)),
        ("encoder.7", (64, 4, 4)),
        ("encoder.9", (16,)),
        ("encoder.11", (64, 4, 4)),
        ("encoder.12", (32, 8, 8)),
        ("decoders.source.0", (16, 16, 16)),
        ("decoders.source.1", (8, 32, 32)),
        ("decoders.source.2", (4, 64, 64)),
        ("decoders.source.3", (3, 64, 64)),
    ]


def test_the_driven_model_goes_from_maps_through_its_u_net_to_the_patch(people):
    stages = stages_of(begun("driven", people), people[1].select([4]))
    assert stages[0] == ("input", (10, 48, 48))
    sides = [shape[-1] for name, shape in stages[1:] if not name.startswith("atlas")]
    assert sides == [48, 24, 12, 6, 6, 12, 12, 24, 24, 48, 48, 96, 96, 96]


@pytest.mark.parametrize("name", available())
def test_every_model_has_a_stage_at_each_of_few_resolutions(name, people):
    model = begun(name, people)
    stages = stages_of(model, people[1].select([4]))
    assert 8 <= len(stages) <= 25
    assert len({stage for stage, _ in stages}) == len(stages)
    if isinstance(model.network, FaceNetwork):
        assert min(shape[-1] for _, shape in stages if len(shape) == 3) <= 8
        assert model.network.outputs_px[-1] in {shape[-1] for _, shape in stages}


def test_nothing_of_watching_stays_with_the_network(people):
    model = begun("compact", people)
    stages_of(model, people[1].select([4]))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())


def test_a_stage_shows_what_its_module_made(people):
    model, face = begun("original", people), people[1].select([4])
    made = {}
    hook = model.network.encoder[3].register_forward_hook(lambda _module, _given, values: made.update(values=values))
    stages = {stage.name: stage.values for stage in watch(model.network, lambda: model.paint(face))}
    hook.remove()
    assert torch.equal(stages["encoder.3"], made["values"][0])


def test_the_channels_that_vary_most_come_first_and_few_stay_in_order():
    values = np.random.default_rng(1).normal(size=(40, 6, 6)) * np.arange(40)[:, None, None]
    deviations = values.std((1, 2))[strongest(values)]
    assert len(deviations) == SHOWN
    assert (np.diff(deviations) <= 0).all()
    assert strongest(values[:5]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("shape", [(1024, 4, 4), (3, 64, 64), (1, 128, 128), (7,), (128,), (100_000,), (3, 46, 122)])
def test_a_row_holds_any_shape_and_a_constant(shape):
    for values in (torch.zeros(shape), torch.linspace(-1, 2, 3 * 7)[:1].expand(shape), torch.rand(shape)):
        row = stage_row(Stage("layer", values))
        assert row.shape[1:] == (WIDTH_PX, 3)
        assert row.shape[0] < 180


def test_the_sheet_has_a_row_for_each_stage_of_both_people(people):
    model, face = begun("original", people), people[1].select([4])
    sheet = sheet_of(model, face)
    shown = watch(model.network, lambda: model.paint(face))
    own = [stage for stage in shown if stage.name.startswith("decoders")]
    rows = sum(stage_row(stage).shape[0] for stage in [*shown, *own])
    rest = sheet.shape[0] - rows
    assert sheet.shape[1] == WIDTH_PX
    assert 2 * 256 < rest < 2 * 256 + 350


def test_the_sheet_changes_with_a_weight_of_any_part(people):
    model, face = begun("original", people), people[1].select([4])
    before = sheet_of(model, face)
    assert np.array_equal(before, sheet_of(model, face))
    encoder, decoders = model.network.encoder, model.network.decoders
    for part in (encoder[0], decoders["source"][0].convolution, decoders["target"][0].convolution):
        kept = part.weight.detach().clone()
        with torch.no_grad():
            part.weight[0] += 1.0
        assert not np.array_equal(before, sheet_of(model, face))
        with torch.no_grad():
            part.weight.copy_(kept)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    params = read_params(REPO / "params.yaml")
    params["models"]["compact"]["batch"] = 2
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copytree(REPO / "people", folder / "people")
    settings = params["swapper"] | {"model": "compact", "steps": 1, "parts": 1, "min_faces": 5}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for seed, person in enumerate(("ada", "bo")):
            write_crops(Path(f"data/crops/{person}.parquet"), person, number=12, seed=3 * seed)
        main(
            source_crops=Path("data/crops/ada.parquet"),
            target_crops=Path("data/crops/bo.parquet"),
            source_consent=Path("people/ada.yaml"),
            target_consent=Path("people/bo.yaml"),
            swapper=Path("data/swapper/ada-bo"),
            settings=SwapperSettings.model_validate(settings),
        )
    return folder


@pytest.fixture
def project(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_looking_writes_the_picture_alone_and_the_same_bytes_each_time(project, capsys):
    before = sorted(path for path in project.rglob("*") if path.is_file())
    assert look_main(["--swapper", "data/swapper/ada-bo", "--face", "3"]) == 0
    picture = Path(".understudy/look-ada-bo-3.png")
    assert capsys.readouterr().out == f"look: {picture}\n"
    assert sorted(path for path in project.rglob("*") if path.is_file()) == sorted([*before, project / picture])
    look(Path("data/swapper/ada-bo"), crops=None, face=3, picture=Path("again.png"))
    assert picture.read_bytes() == Path("again.png").read_bytes()
    assert cv2.imread(str(picture)).shape[1] == WIDTH_PX


def test_another_weight_is_another_picture(project):
    look(Path("data/swapper/ada-bo"), crops=None, face=3, picture=Path("one.png"))
    weights = load_file("data/swapper/ada-bo/weights.safetensors")
    weights["decoders.source.doublings.0.convolution.weight"][0] += 1
    save_file(weights, "data/swapper/ada-bo/weights.safetensors")
    look(Path("data/swapper/ada-bo"), crops=None, face=3, picture=Path("two.png"))
    assert Path("one.png").read_bytes() != Path("two.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--swapper", "data/swapper/none"], "data/swapper/none/settings.json: no such file; run the stage swapper"),
        (["--face", "12"], "data/crops/bo.parquet: no face 12; it has 0 to 11"),
        (["--face", "-1"], "no face -1"),
        (["--crops", "data/crops/ada.parquet"], "faces of ada, expected those of bo"),
        (["--crops", "elsewhere/bo.parquet"], "elsewhere/bo.parquet: no such table"),
        (["--picture", "data/swapper/ada-bo/look.png"], "lies in data/"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_one_line(arguments, line, project, capsys):
    given = arguments if arguments[0] == "--swapper" else ["--swapper", "data/swapper/ada-bo", *arguments]
    assert look_main(given) == 1
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert not list(project.rglob("look*.png"))


def test_nobody_is_looked_at_without_consent(project, capsys):
    record = yaml.safe_load(Path("people/ada.yaml").read_text())
    Path("people/ada.yaml").write_text(yaml.safe_dump(record | {"allows": ["performance"]}))
    assert look_main(["--swapper", "data/swapper/ada-bo"]) == 1
    assert "may not appear in another's place" in capsys.readouterr().err
