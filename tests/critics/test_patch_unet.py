import math

import pytest
import torch

from tests.critics.looking import detached, painter, seen_of, small_critic
from tests.models.counting import count
from understudy.critics.patch_unet import PatchUnet, _soft, field, strides
from understudy.randomness import torch_generator

CHANCE = torch_generator(1, "critic", 0)


def judge_of(patch_px, base_dims=16):
    with torch.device("meta"):
        return PatchUnet(patch_px, base_dims)


@pytest.mark.parametrize(("patch_px", "parameters"), [(16, 233_650), (28, 3_799_090), (32, 946_994), (64, 3_799_090)])
def test_a_judge_has_its_number_of_parameters(patch_px, parameters):
    assert count(judge_of(patch_px)) == parameters


@pytest.mark.parametrize(
    ("patch_px", "chosen", "seen_px"),
    [(3, (2,), 3), (16, (2, 2, 2), 15), (32, (2, 2, 2, 2), 31), (64, (2, 2, 2, 2, 2), 63)],
)
def test_strides_are_those_whose_field_is_nearest(patch_px, chosen, seen_px):
    assert strides(patch_px) == chosen
    assert field(chosen) == seen_px


@pytest.mark.parametrize("patch_px", [8, 28, 32])
def test_a_patch_is_what_one_result_depends_on(patch_px):
    judge = PatchUnet(patch_px, 4).double()
    torch.nn.init.ones_(judge.first.weight)
    for layer in [judge.first, *judge.down, judge.patches]:
        torch.nn.init.ones_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    picture = torch.ones(1, 3, 128, 128, dtype=torch.float64, requires_grad=True)
    features = picture
    for layer in [judge.first, *judge.down, judge.patches]:
        features = layer(features)
    middle = features.shape[-1] // 2
    (gradient,) = torch.autograd.grad(features[0, 0, middle, middle], picture)
    assert int(gradient[0, 0].any(0).sum()) == field(strides(patch_px))


@pytest.mark.parametrize("side", [64, 65, 70, 96])
def test_both_maps_judge_every_side(side):
    patches, pixels = judge_of(16)(torch.zeros(2, 3, side, side, device="meta"))
    assert patches.shape == (2, 1, math.ceil(side / 8), math.ceil(side / 8))
    assert pixels.shape == (2, 1, side, side)


@pytest.mark.parametrize(("sides", "terms"), [("source", 4 / 2), ("both", 8 / 8)])
def test_a_critic_that_knows_nothing_loses_one_bit_a_term(sides, terms):
    network = painter()
    critic = small_critic("patch_unet", network=network, sides=sides, is_masked=False, weight=2.0)
    for weight in critic.parameters():
        torch.nn.init.zeros_(weight)
    seen = detached(seen_of(network))
    assert critic.critic_loss(seen, generator=CHANCE).item() == pytest.approx(terms * math.log(2))
    judged = 2 if sides == "source" else 4
    assert critic.painter_loss(seen, generator=CHANCE).item() == pytest.approx(2.0 * judged * math.log(2))


def test_a_critic_that_is_sure_is_charged_what_it_says():
    """Logits of 3 everywhere: real ones cost little, painted ones much."""
    network = painter()
    critic = small_critic("patch_unet", network=network, sides="source", is_masked=False, weight=1.0)
    for weight in critic.parameters():
        torch.nn.init.zeros_(weight)
    with torch.no_grad():
        critic.judge.patches.bias += 3
        critic.judge.pixels.bias += 3
    real, painted = math.log1p(math.exp(-3)), math.log1p(math.exp(3))
    seen = detached(seen_of(network))
    assert critic.critic_loss(seen, generator=CHANCE).item() == pytest.approx(real + painted, rel=1e-6)
    assert critic.painter_loss(seen, generator=CHANCE).item() == pytest.approx(2 * real, rel=1e-6)


def test_only_the_face_is_judged_where_masked():
    network = painter()
    critic = small_critic("patch_unet", network=network, sides="source")
    seen = detached(seen_of(network))
    moved = seen["source"].painted.clone()
    moved[..., :4, :] = 0.5
    other = seen | {"source": seen["source"]._replace(painted=moved)}
    assert torch.equal(critic.critic_loss(seen, generator=CHANCE), critic.critic_loss(other, generator=CHANCE))
    assert critic.painter_loss(other, generator=CHANCE) != critic.painter_loss(seen, generator=CHANCE)


def test_what_is_painted_outside_is_kept_smooth_and_near_the_picture():
    network = painter()
    critic = small_critic("patch_unet", network=network, sides="source", weight=0)
    source = seen_of(network)["source"].detached()
    source.wanted[:, :4] = 0
    source = source._replace(painted=torch.zeros_like(source.painted))
    source.painted[:, :, :, 32:] = 0.5
    steps = 1e-6 * 3 * 64 * 0.25
    outside = 0.02 * 0.125
    assert critic.painter_loss({"source": source}, generator=CHANCE).item() == pytest.approx(steps + outside, rel=1e-5)


def test_the_masks_border_falls_outwards_alone():
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    soft = _soft(mask)
    assert soft[0, 0, 20:44, 20:44].min() == 1
    assert soft[0, 0, 16, 32] >= 0.999
    assert 0.1 < soft[0, 0, 14, 32] < 0.9
    assert soft[0, 0, :9].max() == 0
    assert torch.equal(_soft(torch.ones(1, 1, 8, 8)), torch.ones(1, 1, 8, 8))
