from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from tests.models.cartoons import cartoon_faces
from tests.models.counting import LEAST, count, count_with_statistics, network_of, rebuilt
from tests.models.tiny import TINY
from understudy.blocks.norms import BatchNorm
from understudy.model import make_model
from understudy.models import dlight

LARGE = {"fast": 95_053_187, 128: 46_646_563, 256: 74_961_187, 384: 122_152_227}
ENCODER = {"best": 61_783_296, "fair": 45_243_136, "lowmem": 22_672_608}


@pytest.mark.parametrize(
    ("changes", "total", "encoder", "decoder"),
    [
        ({}, 143_614_006, "best", 256),
        ({"output_px": 128}, 115_299_382, "best", 128),
        ({"output_px": 384}, 190_805_046, "best", 384),
        ({"features": "fair"}, 127_073_846, "fair", 256),
        ({"features": "lowmem"}, 104_503_318, "lowmem", 256),
        ({"details": "fast"}, 163_706_006, "best", "fast"),
    ],
)
def test_dlight_and_its_parts_have_their_numbers_of_values(changes, total, encoder, decoder):
    network = network_of(dlight, **changes)
    assert count_with_statistics(network) == total
    assert count(network.encoder) == ENCODER[encoder]
    assert count(network.decoders["target"]) == 6_869_523
    assert count_with_statistics(network.decoders["source"]) == LARGE[decoder]


@pytest.mark.parametrize("output_px", [128, 256, 384])
@pytest.mark.parametrize("details", ["fast", "good"])
def test_every_size_is_rebuilt_by_both_decoders(output_px, details):
    network = network_of(dlight, output_px=output_px, details=details, learn_mask=True)
    for person in network.people:
        made = rebuilt(network, person)
        assert made.pictures[0].shape == (2, 3, output_px, output_px)
        assert made.mask.shape == (2, 1, output_px, output_px)


def test_what_is_seen_goes_on_beside_what_is_convolved():
    """An encoder without filters still tells faces apart, by their averages."""
    halving = dlight.Halving(3, 4)
    with torch.no_grad():
        halving.convolution.weight.zero_()
        halving.convolution.bias.zero_()
    made = halving(torch.arange(48.0).view(1, 3, 4, 4))
    assert torch.equal(made[0, :4], torch.zeros(4, 2, 2))
    assert made[0, 4:, 0, 0].tolist() == [2.5, 18.5, 34.5]


def tiny():
    settings = dlight.Settings.model_validate(LEAST | TINY["dlight"])
    model = make_model("dlight", settings, seed=1, device=torch.device("cpu"))
    model.begin(cartoon_faces("ada", number=6), cartoon_faces("bo", number=6))
    return model


def test_batch_norms_paint_with_what_validation_measured_and_learning_changes_nothing():
    model = tiny()
    norm = next(each for each in model.network.modules() if isinstance(each, BatchNorm))
    before = norm.variance.clone()
    model.losses(step=0, part=0, faces=2)
    assert torch.equal(norm.variance, before)
    first = model.validation()
    measured = norm.variance.clone()
    assert not torch.equal(measured, before)
    model.losses(step=1, part=0, faces=2)
    assert model.validation() == first
    assert torch.equal(norm.variance, measured)


def test_parts_that_are_learnt_at_once_have_the_losses_of_parts_one_by_one():
    model = tiny()

    def losses(part):
        return [loss.item() for loss in model.losses(step=0, part=part, faces=2).values()]

    one_by_one = [losses(part) for part in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(losses, range(4))) == one_by_one


def test_what_was_measured_is_part_of_the_weights():
    assert any(name.endswith("variance") for name in tiny().network.state_dict())
