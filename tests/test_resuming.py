"""Whatever a training is made of: one interrupted after every step ends with the bytes of an undisturbed one."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.critics.looking import SMALL
from tests.models.cartoons import cartoon_faces
from tests.models.tiny import TINY
from tests.test_phases import make, start_of
from tests.test_training import CPU, assert_same, settings
from understudy import optimizers
from understudy.errors import ModelError
from understudy.group import Group
from understudy.progress import Progress
from understudy.together import together
from understudy.training import train
from understudy.workers import workers

FACES = [cartoon_faces("ada", number=12), cartoon_faces("bo", number=12, seed=3)]
OPTIMIZERS = sorted(file.stem for file in Path(optimizers.__file__).parent.glob("[!_]*.py"))
STRENGTHS = {
    "clahe": {"clip": 4},
    "color": {"strength": 0.2},
    "color_match": {"method": "rct", "strength": 0.8},
    "gaussian_blur": {"strength": 0.05},
    "hsv": {"strength": 0.1},
    "jpeg": {"strength": 0.5, "subsampling": "4:2:0"},
    "lab": {"lightness": 0.1, "tint": 0.1},
    "motion_blur": {"strength": 0.05},
    "noise": {"strength": 0.1},
    "resample": {"strength": 0.5},
    "shadow": {"strength": 0.5},
    "sharpen": {"strength": 1},
}
CHANGES = [{"augmentation": name, "share": 0.7, **strength} for name, strength in STRENGTHS.items()]
CRITICS = {name: [{"critic": name, **changes}] for name, changes in SMALL.items()}
ALL_CRITICS = [each for critics in CRITICS.values() for each in critics]
PHASES = [
    {"until": 2, "frozen": ["encoder"], "critics": 0, "warp": False},
    {"until": 4, "losses": [{"loss": "mse", "weight": 3}], "frozen": ["decoders.target"], "rate": 0.5},
    {"until": 5, "anew": ["encoder"], "augmentation": {"pick": "shuffled", "inputs": CHANGES[:2]}, "critics": 0},
]
WILD = {"ema": 0.0, "clip": 0, "warmup": 0, "last_rate": 1, "diverged": 0}
CASES = {
    **{f"optimizer {name}": ({}, {"optimizer": name}) for name in OPTIMIZERS},
    **{f"critic {name}": ({"critics": critics}, {}) for name, critics in CRITICS.items()},
    "phases": ({"phases": PHASES, "critics": ALL_CRITICS}, {}),
    "phases and prodigy": ({"phases": PHASES, "learning_rate": 0.1}, {"optimizer": "prodigy"}),
    "phases and float16": ({"phases": PHASES, "critics": ALL_CRITICS}, {"precision": "float16", "keep": "best"}),
    "learning-rate dropout": ({}, {"learning_rate_dropout": 0.7, "optimizer": "adabelief"}),
    "float16 that overflows": ({"losses": [{"loss": "mae", "weight": 1e3}]}, {"precision": "float16", "clip": 0}),
    "bfloat16": ({"critics": ALL_CRITICS}, {"precision": "bfloat16"}),
    "best": ({"learning_rate": 0.02, "phases": [{"until": 3, "rate": 0.1}]}, {"keep": "best", "measure_every": 1}),
    "patience": ({"learning_rate": 0.05}, {"patience": 1, "measure_every": 1, **WILD}),
    "waves without an average": ({}, {"wave_steps": 3, "ema": 0.0}),
    "inputs changed": ({"augmentation": {"inputs": CHANGES, "pick": "evenly_by_yaw"}}, {}),
    "both changed": ({"augmentation": {"both": CHANGES, "pick": "shuffled"}}, {}),
    "cells": ({"augmentation": {"warp": 0, "cells": 0.24}}, {}),
    "neighbours": ({"augmentation": {"neighbours": 1.0}}, {}),
    "a learned mask": ({"learn_mask": True, "losses": TINY["dfl_sae"]["losses"], "alpha": "both"}, {}),
}


def trained(model, folder, *, threads=1, on_save=lambda _rows: None, group=None, **changes):
    with workers(threads) as team:
        model.begin(*FACES)
        chosen = settings(**{"measure_every": 3, "save_every": 1} | changes)
        rows = train(model, chosen, team=team, group=group or Group(CPU), folder=folder, on_save=on_save)
    return start_of(model), rows


def trained_step_by_step(make_one, folder, **changes):
    """The same, interrupted after every checkpoint and started again, on one thread and on two in turn."""

    def stop(_rows):
        raise KeyboardInterrupt

    for start in range(99):
        try:
            return trained(make_one(), folder, threads=1 + start % 2, on_save=stop, **changes), start
        except KeyboardInterrupt:
            continue
    raise AssertionError


@pytest.mark.parametrize("case", CASES)
def test_a_run_interrupted_after_every_step_ends_as_an_undisturbed_one(case, tmp_path):
    changes, chosen = CASES[case]
    make_one = partial(make, batch=2, **changes)
    found, starts = trained_step_by_step(make_one, tmp_path / "broken", **chosen)
    whole = trained(make_one(), tmp_path / "whole", save_every=99, **chosen)
    assert_same(found, whole)
    assert starts > 1
    assert all(torch.isfinite(value).all() for value in found[0].values())


def test_losses_of_critics_stand_in_the_rows_of_phases_that_have_them(tmp_path):
    model = make(batch=2, phases=[{"until": 3, "critics": 0}, {"until": 5}], critics=CRITICS["conditional"])
    _, rows = trained(model, tmp_path, steps=6, measure_every=2)
    assert [("loss_critics" in row, "loss_adversarial" in row) for row in rows] == [
        (False,) * 2,
        (True,) * 2,
        (True,) * 2,
    ]
    assert rows[1]["loss"] == pytest.approx(
        sum(rows[1][f"loss_{name}"] for name in ("source", "target", "adversarial"))
    )


def test_a_phase_with_far_larger_losses_is_not_taken_for_one_that_runs_away(tmp_path):
    phases = [{"until": 3, "losses": [{"loss": "mae", "weight": 0.01}]}]
    _, rows = trained(make(batch=2, phases=phases), tmp_path, steps=6, measure_every=2, diverged=5)
    assert rows[-1]["loss"] > 20 * rows[0]["loss"]


def test_parts_begin_anew_as_the_model_begins_them_and_no_others_do():
    model = make("faceswap_gan", phases=[{"until": 2, "anew": ["encoder.1", "decoders.source"]}], icnr=True)
    before = start_of(model)
    state = Progress(model, torch.optim.SGD(model.network.parameters(), 0.1), ema=0.9, keeps_best=False)
    with torch.no_grad():
        for weight in state.painter.values():
            weight.add_(1)
    state.begin_anew(["encoder.1", "decoders.source"], seed=3)
    after = start_of(model)
    assert any(name.startswith("encoder.10.") for name in after)
    for name, weight in after.items():
        is_anew = name.startswith(("encoder.1.", "decoders.source."))
        assert torch.equal(weight, before[name] + 1) != is_anew, name
    shuffled = next(name for name in after if name.startswith("decoders.source.") and after[name].ndim == 4)
    blocks = after[shuffled].unflatten(0, (-1, 4))
    assert torch.equal(blocks[:, :1].expand_as(blocks), blocks)


def test_gains_that_begin_anew_are_as_at_first():
    model = make(
        "phaze_a", decoder=TINY["phaze_a"]["decoder"] | {"norm": "batch"}, phases=[{"until": 2, "anew": ["decoders"]}]
    )
    state = Progress(model, torch.optim.SGD(model.network.parameters(), 0.1), ema=0.0, keeps_best=False)
    gains = [name for name in state.painter if name.startswith("decoders.") and name.endswith(".scale")]
    with torch.no_grad():
        for name in gains:
            state.painter[name].fill_(7)
    state.begin_anew(["decoders"], seed=3)
    assert gains
    assert all((state.painter[name] == 1).all() for name in gains)


def test_prodigy_keeps_the_distance_it_found_when_its_first_weight_begins_anew(tmp_path):
    phases = [{"until": 8}, {"until": 9, "anew": ["encoder"]}]
    model = make(batch=2, phases=phases, learning_rate=0.1)
    trained(model, tmp_path, steps=9, save_every=9, measure_every=9, optimizer="prodigy", ema=0.0)
    kept = load_file(tmp_path / "000000009.safetensors")
    assert float(kept["optimizer.0.distance"]) > 1e-6
    assert float(kept["optimizer.0.step"]) == 1


def test_a_part_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no part 'encodr'; name one of encoder, decoders, or one below"):
        trained(make(phases=[{"until": 3, "frozen": ["encodr"]}]), tmp_path)


def test_gradients_that_are_no_numbers_end_a_training_before_they_are_saved(tmp_path):
    model = make(batch=2)

    next(model.network.parameters()).register_hook(lambda gradient: gradient * torch.nan)
    with pytest.raises(ModelError, match="gradients of step 0 are no numbers, though its losses are"):
        trained(model, tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize("name", ["dlight", "phaze_a"])
def test_the_best_weights_are_kept_with_what_batch_norms_knew_of_them(name, tmp_path):
    changes = {} if name == "dlight" else {"decoder": TINY["phaze_a"]["decoder"] | {"norm": "batch"}}
    model = make(name, batch=2, learning_rate=0.05, phases=[{"until": 2, "rate": 0.01}], **changes)
    _, rows = trained(model, tmp_path, steps=5, save_every=5, measure_every=1, keep="best", **WILD)
    losses = [row["validation_loss_source"] + row["validation_loss_target"] for row in rows]
    assert losses.index(min(losses)) < len(losses) - 1
    painted = model.paint(FACES[1].split("test")).patches_NHWC
    model.measure_populations()
    assert np.array_equal(model.paint(FACES[1].split("test")).patches_NHWC, painted)


def take_part(group, *, folder):
    """Train with critics that differ between the processes at first; the first one writes what came out."""
    model = make(batch=4, phases=PHASES, critics=ALL_CRITICS)
    if group.rank:
        with torch.no_grad():
            for weight in model.critics.parameters():
                weight.add_(1)
    made, _ = trained(model, folder, group=group, parts=4, save_every=6, keep="best")
    if group.leads:
        save_file(made, folder / "made")


def test_two_processes_with_critics_and_phases_end_with_the_bytes_of_one(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_THREADS", "2")
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        folder = tmp_path / str(number)
        together(partial(take_part, folder=folder), devices=[CPU] * number, folder=folder)
    one, two = (tmp_path / str(number) for number in (1, 2))
    assert (one / "made").read_bytes() == (two / "made").read_bytes()
    assert (one / "000000006.safetensors").read_bytes() == (two / "000000006.safetensors").read_bytes()
