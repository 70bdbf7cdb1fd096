import pytest
import torch

from understudy.chance import change, chosen, normal, uniform


def test_a_larger_batch_begins_with_the_rows_of_a_smaller_one():
    many, few = (uniform(torch.Generator().manual_seed(1), number=number, count=7) for number in (64, 5))
    assert torch.equal(many[:5], few)


def test_normal_numbers_are_normal_and_finite_at_the_ends():
    drawn = normal(uniform(torch.Generator().manual_seed(1), number=1000, count=100))
    assert drawn.mean().item() == pytest.approx(0, abs=0.02)
    assert drawn.std().item() == pytest.approx(1, abs=0.02)
    assert (drawn.abs() > 2).float().mean().item() == pytest.approx(0.0455, abs=0.003)
    assert torch.isfinite(normal(torch.tensor([0.0, 1 - 2**-24]))).all()


def test_normal_numbers_are_cut_where_they_should_be():
    drawn = normal(uniform(torch.Generator().manual_seed(1), number=1000, count=100), cut_at=1.5)
    assert 1.49 < drawn.abs().max().item() <= 1.5 + 1e-5
    assert (drawn.abs() < 0.5).float().mean().item() == pytest.approx(0.3829 / 0.8664, abs=0.01)


def test_only_chosen_pictures_are_changed():
    pictures = torch.arange(4.0).view(4, 1, 1, 1)
    for faces in ([], [1, 3], [0, 1, 2, 3]):
        after = change(pictures, torch.tensor(faces, dtype=torch.long), lambda few: few + 10)
        expected = [value + 10 * (value in faces) for value in range(4)]
        assert after.flatten().tolist() == expected


def test_nothing_is_chosen_without_strength():
    assert len(chosen(torch.rand(50), share=1.0, strength=0.0)) == 0
    assert len(chosen(torch.rand(50), share=1.0, strength=0.1)) == 50
