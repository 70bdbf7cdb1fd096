"""Phases, precision, what is kept, and what ends a training."""

import math

import pytest
import torch

from tests.models.cartoons import cartoon_faces
from tests.models.tiny import TINY
from tests.test_training import CPU, assert_same, settings
from understudy.checkpoints import read_checkpoint
from understudy.errors import ModelError
from understudy.group import Group
from understudy.model import make_model, model_settings
from understudy.phases import Phase, begins_at, is_below, phase_at, share_of_rate
from understudy.sections import read_params
from understudy.training import train
from understudy.workers import workers


@pytest.fixture(scope="module")
def people():
    return cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3)


def make(name="original", **changes):
    chosen = model_settings(name).model_validate(read_params()["models"][name] | TINY[name] | {"batch": 4} | changes)
    return make_model(name, chosen, seed=1, device=CPU)


def trained(model, both, folder, *, threads=1, on_save=lambda rows: None, **changes):
    with workers(threads) as team:
        model.begin(*both)
        rows = train(model, settings(**changes), team=team, group=Group(CPU), folder=folder, on_save=on_save)
    return {key: value.clone() for key, value in model.network.state_dict().items()}, rows


def start_of(model):
    return {key: value.clone() for key, value in model.network.state_dict().items()}


def changed(before, after):
    return {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}


def test_what_a_phase_freezes_stays_as_it_was_to_the_bit(people, tmp_path):
    model = make(phases=[{"until": 3, "frozen": ["encoder"]}])
    before = start_of(model)
    after, _ = trained(model, people, tmp_path, steps=3, weight_decay=0.1)
    assert changed(before, after) == {"decoders"}


def test_after_its_phase_a_part_learns_again(people, tmp_path):
    model = make(phases=[{"until": 3, "frozen": ["encoder"]}])
    before = start_of(model)
    after, _ = trained(model, people, tmp_path, steps=4)
    assert changed(before, after) == {"decoders", "encoder"}


def test_a_part_of_another_name_that_begins_alike_is_not_frozen():
    phase = Phase(until=3, frozen=("encoder.1",))
    assert is_below("encoder.1.weight", phase.frozen)
    assert not is_below("encoder.10.weight", phase.frozen)


def test_a_phase_that_freezes_everything_is_refused(people, tmp_path):
    with pytest.raises(ModelError, match="until step 3 freezes every part"):
        trained(make(phases=[{"until": 3, "frozen": ["encoder", "decoders"]}]), people, tmp_path)


def test_a_part_that_the_network_has_not_is_refused_with_those_it_has(people, tmp_path):
    with pytest.raises(ModelError, match=r"no part 'inter_AB'; name one of encoder, decoders"):
        trained(make(phases=[{"until": 3, "frozen": ["inter_AB"]}]), people, tmp_path)


def test_parts_that_begin_anew_forget_what_they_learnt(people, tmp_path):
    plain, _ = trained(make(phases=[{"until": 5}]), people, tmp_path / "plain", steps=6, ema=0.0)
    anew = make(phases=[{"until": 5}, {"until": 9, "anew": ["decoders"], "rate": 0.0}])
    after, _ = trained(anew, people, tmp_path / "anew", steps=6, ema=0.0, weight_decay=0.0)
    fresh = start_of(make())
    weight = "decoders.source.0.convolution.weight"
    assert not torch.equal(after[weight], plain[weight])
    assert not torch.equal(after[weight], fresh[weight])
    assert after[weight].std().item() == pytest.approx(fresh[weight].std().item(), rel=0.1)


@pytest.mark.parametrize("ends", [[7, 3], [3, 3]])
def test_phases_out_of_order_are_refused(ends):
    with pytest.raises(ValueError, match=rf"until step {ends[1]} comes after one until {ends[0]}; put them in order"):
        make(phases=[{"until": end} for end in ends])


def test_the_target_alone_can_be_mirrored(people):
    still = {"rotation_deg": 0, "zoom": 0, "shift": 0, "warp": 0, "flip": 0}
    drawn = {}
    for share in (None, 1.0):
        model = make(augmentation=still | {"flip_target": share})
        model.begin(*people)
        for side in ("source", "target"):
            drawn[side, share] = model.drawn(side, step=0, part=0, faces=4).inputs
    assert torch.equal(drawn["source", None], drawn["source", 1.0])
    assert torch.allclose(drawn["target", None].flip(3), drawn["target", 1.0], atol=1e-4)


def test_phases_stand_in_order_and_begin_where_the_one_before_ends():
    phases = [Phase(until=3, rate=0.5), Phase(until=7, rate=2.0)]
    after = Phase(until=100, rate=7.0)
    assert [phase_at(phases, step, after=after).rate for step in (0, 2, 3, 6, 7)] == [0.5, 0.5, 2.0, 2.0, 7.0]
    assert [step for step in range(9) if begins_at(phases, step)] == [0, 3, 7]


def test_a_phase_without_warp_gives_the_network_what_it_should_make(people):
    still = {"rotation_deg": 0, "zoom": 0, "shift": 0, "flip": 0, "warp": 0.1, "inputs": []}
    model = make(augmentation=still, phases=[{"until": 2, "warp": False}])
    model.begin(*people)
    first, second = (model.drawn("source", step=step, part=0, faces=2) for step in (1, 2))
    assert torch.equal(first.inputs, first.wanted[64][:, :3])
    assert not torch.equal(second.inputs, second.wanted[64][:, :3])


def test_a_phase_has_losses_of_its_own(people):
    model = make(losses=[{"loss": "mae"}], phases=[{"until": 1, "losses": [{"loss": "mae", "weight": 3.0}]}])
    same = make(losses=[{"loss": "mae"}])
    for each in (model, same):
        each.begin(*people)
    thrice, once = (each.losses(step=0, part=0, faces=2)["source"].item() for each in (model, same))
    assert thrice == pytest.approx(3 * once, rel=1e-6)


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.1), (4, 0.5), (9, 1.0), (99, 0.2)], ids=["first", "rising", "risen", "last"]
)
def test_the_learning_rate_rises_and_sinks(step, expected):
    found = share_of_rate(step, steps=100, warmup=0.1, last_rate=0.2, wave_steps=0)
    assert found == pytest.approx(expected * 1.0, abs=0.03)


def test_waves_sink_to_nothing_half_way():
    rates = [share_of_rate(step, steps=1000, warmup=0, last_rate=1, wave_steps=500) for step in (0, 250, 500)]
    assert rates == pytest.approx([1, 0, 1], abs=1e-9)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_run_in_half_precision_that_was_interrupted_ends_as_an_undisturbed_one(precision, people, tmp_path):
    def stop(rows):
        raise KeyboardInterrupt

    chosen = {"precision": precision, "steps": 5, "save_every": 2}
    with pytest.raises(KeyboardInterrupt):
        trained(make(), people, tmp_path / "broken", on_save=stop, **chosen)
    assert read_checkpoint(tmp_path / "broken").step == 2
    whole = trained(make(), people, tmp_path / "whole", **chosen)
    assert_same(trained(make(), people, tmp_path / "broken", threads=2, **chosen), whole)
    exact, _ = trained(make(), people, tmp_path / "exact", steps=5)
    assert changed(exact, whole[0])


def test_a_batch_in_four_parts_learns_what_it_learns_in_one(people, tmp_path):
    """Gradients are added up over the parts: with the same faces, more parts change the last bits alone."""
    model, quartered = make(learning_rate=0.1), make(learning_rate=0.1)
    model.begin(*people)
    by_parts = []
    for part in range(4):
        total = sum(model.losses(step=0, part=part, faces=1).values())
        by_parts.append(torch.autograd.grad(total, list(model.network.parameters())))
    means = [torch.stack(each).mean(0) for each in zip(*by_parts, strict=True)]
    plain = {
        "optimizer": "adam",
        "weight_decay": 0,
        "beta1": 0,
        "epsilon": 1.0,
        "ema": 0.0,
        "clip": 0,
        "warmup": 0,
        "last_rate": 1,
    }
    trained(quartered, people, tmp_path, steps=1, parts=4, **plain)
    weights = zip(model.network.parameters(), quartered.network.parameters(), means, strict=True)
    for before, after, gradient in weights:
        assert torch.allclose(before - after, 0.1 * gradient / (gradient.abs() + 1), atol=1e-7)


def test_the_best_weights_are_kept_where_they_are_wanted(people, tmp_path):
    """A rate far too high spoils the validation loss from some measurement on."""
    wild = {"learning_rate": 0.05, "phases": [{"until": 4, "rate": 0.01}]}
    chosen = {"steps": 12, "measure_every": 1, "ema": 0.0, "clip": 0, "warmup": 0, "last_rate": 1, "diverged": 0}
    model = make(**wild)
    _, rows = trained(model, people, tmp_path, keep="best", **chosen)
    losses = [row["validation_loss_source"] + row["validation_loss_target"] for row in rows]
    assert min(losses) < losses[-1]
    kept = model.validation()
    assert kept["loss_source"] + kept["loss_target"] == pytest.approx(min(losses), rel=1e-6)


def test_training_ends_when_validation_has_long_been_no_better(people, tmp_path):
    wild = {"learning_rate": 0.05, "phases": [{"until": 4, "rate": 0.01}]}
    chosen = {"steps": 40, "measure_every": 1, "ema": 0.0, "clip": 0, "warmup": 0, "last_rate": 1, "diverged": 0}
    _, rows = trained(make(**wild), people, tmp_path, patience=3, **chosen)
    losses = [row["validation_loss_source"] + row["validation_loss_target"] for row in rows]
    assert len(rows) < 40
    assert losses.index(min(losses)) == len(losses) - 4


def test_a_loss_that_is_no_number_names_its_step_and_its_faces(people, tmp_path):
    model = make()
    saves = []

    def spoil(rows):
        saves.append(1)
        with torch.no_grad():
            next(model.network.parameters()).fill_(math.nan)

    with pytest.raises(
        ModelError, match=r"loss source is nan at step 2, with the faces source ada \d+, source ada \d+"
    ):
        trained(model, people, tmp_path, on_save=spoil, ema=0.0)
    kept = read_checkpoint(tmp_path)
    assert kept.step == 2
    assert all(torch.isfinite(value).all() for value in kept.tensors.values() if value.is_floating_point())


def test_a_loss_that_runs_away_ends_the_training(people, tmp_path):
    model = make(learning_rate=2e-3)

    def spoil(rows):
        with torch.no_grad():
            model.network.decoders["source"][-1].convolution.bias.fill_(30.0)

    chosen = {"steps": 8, "save_every": 6, "warmup": 0, "diverged": 1.2, "ema": 0.0}
    with pytest.raises(ModelError, match=r"loss of step 6 is .*over 1\.2 times the lowest mean of a row"):
        trained(model, people, tmp_path, on_save=spoil, **chosen)
    assert read_checkpoint(tmp_path).step == 6
