"""Sums whose order of adding depends on nothing but the number of items, so that their bytes do not either."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")


def tree_sum(items: Sequence[Item], add: Callable[[Item, Item], Item]) -> Item:
    """The sum of at least one item: neighbours in pairs, pairs in pairs, what is left over last."""
    tree = TreeSum(len(items), add)
    for index, item in enumerate(items):
        tree.put(index, item)
    return tree.total()


class TreeSum(Generic[Item]):
    """A sum like `tree_sum`'s whose items may come in any order, from any thread; as few as can be are kept."""

    def __init__(self, number: int, add: Callable[[Item, Item], Item]) -> None:
        self._number, self._add = number, add
        self._waiting: dict[tuple[int, int], Item] = {}
        self._lock = Lock()

    def put(self, index: int, item: Item) -> None:
        """Take the item at `index` in, and add whatever has both its halves now."""
        width, place = self._number, index
        while width > 1:
            partner = place ^ 1
            if partner < width:
                with self._lock:
                    other = self._waiting.pop((width, partner), None)
                    if other is None:
                        self._waiting[width, place] = item
                        return
                item = self._add(item, other) if place < partner else self._add(other, item)
            width, place = (width + 1) // 2, place // 2
        self._waiting[1, 0] = item

    def total(self) -> Item:
        """The sum, once all items are in."""
        return self._waiting.pop((1, 0))
