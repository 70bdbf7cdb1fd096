from tests.models.counting import count, network_of, rebuilt
from understudy.models import lightweight


def test_lightweight_has_its_number_of_parameters():
    network = network_of(lightweight)
    assert count(network) == 51_066_374
    assert count(network.encoder) == 29_806_336
    assert count(network.decoders["source"]) == count(network.decoders["target"]) == 10_630_019


def test_its_mask_branch_has_the_decoders_widths():
    network = network_of(lightweight, learn_mask=True)
    assert count(network.masks["source"]) == 10_630_019 - (3 - 1) * (25 * 128 + 1)
    assert count(network) == 72_313_608


def test_faces_of_64_pixels_are_rebuilt_from_a_code_half_as_wide_as_the_originals():
    made = rebuilt(network_of(lightweight, learn_mask=True))
    assert made.pictures[0].shape == (2, 3, 64, 64)
    assert made.mask.shape == (2, 1, 64, 64)
    assert made.code.shape == (2, 256, 8, 8)


def test_a_third_person_costs_a_third_decoder():
    three = network_of(lightweight, people=("ada", "bo", "cy"))
    assert count(three) == 51_066_374 + 10_630_019
    assert rebuilt(three, "cy").pictures[0].shape == (2, 3, 64, 64)
