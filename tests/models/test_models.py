import numpy as np
import pytest
import torch

from tests.models.cartoons import cartoon_faces
from tests.models.tiny import TINY
from understudy.closure import closure
from understudy.errors import ModelError
from understudy.geometry import apply_affine
from understudy.model import available, count_parameters, make_model, model_settings
from understudy.registries import parts_in
from understudy.sections import read_params
from understudy.workers import workers

CPU = torch.device("cpu")
NAMES = available()
AUTOENCODERS = [name for name in NAMES if name != "driven"]


def settings_of(name, **changes):
    values = read_params()["models"][name]
    return model_settings(name).model_validate(values | changes)


def small(name, *, seed=1):
    return make_model(name, settings_of(name, **TINY[name]), seed=seed, device=CPU)


@pytest.fixture(scope="module")
def people():
    return cartoon_faces("ada", number=24), cartoon_faces("bo", number=24, seed=3)


@pytest.fixture(autouse=True)
def single_core():
    with workers(1):
        yield


@pytest.fixture(scope="module")
def begun(people):
    models = {name: small(name) for name in NAMES}
    for model in models.values():
        model.begin(*people)
    return models


def learn(model, steps, *, rate):
    groups = [{**group, "lr": rate * group.get("rate", 1.0)} for group in model.parameter_groups()]
    optimizer = torch.optim.Adam(groups)
    losses = []
    for _ in range(steps):
        parts = model.losses(step=0, part=0, faces=2)
        total = torch.stack(list(parts.values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        losses.append(total.item())
    return losses


@pytest.mark.parametrize("name", available())
def test_every_model_has_settings_in_params(name):
    assert settings_of(name).batch >= 1


def test_compact_has_its_number_of_parameters():
    assert count_parameters(small("compact").network) == 2_413_630


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_makes_the_same_network(name):
    first, second, other = (small(name, seed=seed).network.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", NAMES)
def test_a_steps_losses_depend_on_step_and_part_alone(name, begun):
    model = begun[name]
    first = model.losses(step=3, part=0, faces=2)
    model.losses(step=4, part=0, faces=2)
    again, other = model.losses(step=3, part=0, faces=2), model.losses(step=3, part=1, faces=2)
    assert {side: loss.item() for side, loss in first.items()} == {side: loss.item() for side, loss in again.items()}
    assert first["source"].item() != other["source"].item()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_learns_one_batch_by_heart(name):
    faces = cartoon_faces("ada", number=6).select([0, 4])
    model = small(name)
    model.begin(faces, faces)
    losses = learn(model, 25, rate=2e-3)
    assert np.mean(losses[-3:]) < 0.8 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_paint_is_a_patch_an_alpha_and_points_for_every_face(name, people, begun):
    target = people[1].split("test")
    painted = begun[name].paint(target)
    side = painted.patches_NHWC.shape[1]
    assert painted.patches_NHWC.shape == (len(target), side, side, 3)
    assert painted.patches_NHWC.dtype == painted.alpha_NHW.dtype == np.uint8
    assert painted.alpha_NHW.shape == (len(target), side, side)
    assert painted.points_N2.shape == (len(target), 68, 2)
    assert len(painted.outline_from) == len(painted.outline_to) == len(target)
    for index in range(len(target)):
        nose = apply_affine(painted.crop_from_frame_N23[index], painted.points_N2[index])[30].round().astype(int)
        assert painted.alpha_NHW[index][nose[1], nose[0]] == 255
        assert painted.alpha_NHW[index][0].max() == 0
        assert painted.outline_from[index].shape == painted.outline_to[index].shape


@pytest.mark.parametrize("name", NAMES)
def test_no_faces_are_painted_as_nothing(name, people, begun):
    painted = begun[name].paint(people[1].select([]))
    assert painted.patches_NHWC.shape[0] == len(painted.outline_from) == 0


@pytest.mark.parametrize("name", NAMES)
def test_painting_needs_nothing_but_the_weights(name, people, begun):
    target = people[1].split("test")
    fresh = small(name, seed=9)
    fresh.network.load_state_dict(begun[name].network.state_dict())
    assert np.array_equal(fresh.paint(target).patches_NHWC, begun[name].paint(target).patches_NHWC)


@pytest.mark.parametrize("name", NAMES)
def test_validation_is_measured_a_side(name, begun):
    measures = begun[name].validation()
    assert {"loss_source", "psnr_db_source", "ssim_source"} <= set(measures)
    assert all(np.isfinite(value) for value in measures.values())


def test_the_driven_face_starts_as_the_sources_own(people, begun):
    """Before any step, the atlas alone rebuilds held-out faces better than a mean face would."""
    assert begun["driven"].validation()["psnr_db_source"] > 20


def test_a_split_without_faces_is_refused(people):
    ada, bo = people
    with pytest.raises(ModelError, match="ada: no faces in the validation split"):
        small("driven").begin(ada.split("train"), bo)


def test_an_unknown_model_is_refused_with_the_known_ones():
    with pytest.raises(ModelError, match=r"no model 'quik'\. Available: .*compact, .*driven, .*original"):
        model_settings("quik")


@pytest.mark.parametrize("name", available())
def test_what_a_default_names_is_imported_by_the_model(name):
    """Recipes follow what params.yaml names and what code imports; a default is neither by itself."""
    schema = model_settings(name).model_json_schema()
    classes = [schema, *schema.get("$defs", {}).values()]
    fields = [field for each in classes for field in each.get("properties", {}).items()]
    defaults = [{key: field["default"]} for key, field in fields if "default" in field]
    assert set(parts_in(defaults)) <= set(closure(f"understudy/models/{name}.py"))


@pytest.mark.parametrize("name", ["liae", "amp", "iae"])
def test_what_all_people_share_is_learnt_at_once_and_from_the_same_faces(name):
    network = small(name).network
    generator = torch.Generator().manual_seed(5)
    shape = (3, network.input_px, network.input_px)
    faces = {
        person: torch.rand(number, *shape, generator=generator) for person, number in (("source", 2), ("target", 3))
    }
    together = network.learn(faces, generator=torch.Generator().manual_seed(1))
    chance = torch.Generator().manual_seed(1)
    for person, own in faces.items():
        alone = network.decode(network.encode(own), person, faces_B3HW=own, generator=chance)
        assert len(together[person].pictures[0]) == len(own)
        assert torch.allclose(together[person].pictures[0], alone.pictures[0], atol=1e-5)
        assert torch.allclose(together[person].code, alone.code, atol=1e-5)
        assert (together[person].mask is None) == (alone.mask is None)
