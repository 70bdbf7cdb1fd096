"""Sums over parts do not depend on how many processes share them."""

import pytest

from understudy.errors import ModelError
from understudy.group import Group, usable_numbers
from understudy.sums import tree_sum
from understudy.workers import workers


def nested(items):
    """The sum as the brackets in which it was added up."""
    return tree_sum(items, lambda left, right: f"({left} {right})")


def test_two_parts_are_added_as_they_come():
    assert nested("ab") == "(a b)"


def test_neighbours_are_added_first_and_what_is_left_over_last():
    assert nested("abcdefg") == "(((a b) (c d)) ((e f) g))"


@pytest.mark.parametrize("parts", range(1, 65))
def test_every_usable_number_of_processes_adds_in_the_same_order(parts):
    leaves = [str(part) for part in range(parts)]
    for number in usable_numbers(parts):
        blocks = [Group(None, rank, number).block(parts) for rank in range(number)]
        assert [part for block in blocks for part in block] == list(range(parts))
        assert nested([nested([leaves[part] for part in block]) for block in blocks]) == nested(leaves)


@pytest.mark.parametrize(
    ("parts", "numbers"), [(1, [1]), (2, [1, 2]), (3, [1, 3]), (6, [1, 3, 6]), (8, [1, 2, 4, 8]), (12, [1, 3, 6, 12])]
)
def test_a_number_of_processes_is_usable_when_its_blocks_are_branches(parts, numbers):
    assert usable_numbers(parts) == numbers


def test_another_number_is_refused_with_those_that_are_usable():
    with pytest.raises(ModelError, match=r"3 processes: .*swapper\.parts: 8 parts .* shared by 1, 2, 4 or 8; choose"):
        Group(None, 0, 3).block(8)


def test_workers_and_blocks_keep_the_order():
    with workers(2) as team:
        assert team.map(str, Group(None, 1, 2).block(8)) == ["4", "5", "6", "7"]
