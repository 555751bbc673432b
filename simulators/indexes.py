"""The objects of one entity in memory, and the indexes by which they are found without reading them all."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.json_numbers import read_json

Object = dict[str, Any]
Key = Callable[[Object], Hashable | None]

# The orders that were asked for last are kept sorted, whatever changes; each costs every change a little.
ORDERS_KEPT = 4


class Index:
    """The ids under each key, and all pairs in order of key for ranges."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.ids: dict[Hashable, dict[str, None]] = {}
        self.ordered: list[Any] = []

    def add(self, id: str, value: Hashable | None) -> None:
        if value is not None:
            if value not in self.ids:
                self.ids[value] = {}
                insort(self.ordered, value)
            self.ids[value][id] = None

    def between(self, low: Any, high: Any) -> list[Any]:
        """Return the keys from `low` to `high`, both included, in their order; None sets no bound."""
        start = 0 if low is None else bisect_left(self.ordered, low)
        return self.ordered[start : None if high is None else bisect_right(self.ordered, high)]

    def remove(self, id: str, value: Hashable | None) -> None:
        if value is not None:
            ids = self.ids[value]
            del ids[id]
            if not ids:
                del self.ids[value]
                del self.ordered[bisect_right(self.ordered, value) - 1]


@dataclass
class Order:
    """The objects whose key in one index is `least` or greater, in order of another index that has a key for each, and
    of making where that is the same. `keys` below are all keys of an object, by the position of their index."""

    index: int
    least: Any
    by: int
    rows: list[tuple[Any, int, str]] = field(default_factory=list)

    def add(self, id: str, place: int, keys: tuple[Any, ...]) -> None:
        if self.has(keys):
            insort(self.rows, (keys[self.by], place, id))

    def remove(self, id: str, place: int, keys: tuple[Any, ...]) -> None:
        if self.has(keys):
            del self.rows[bisect_left(self.rows, (keys[self.by], place, id))]

    def has(self, keys: tuple[Any, ...]) -> bool:
        return keys[self.by] is not None and keys[self.index] is not None and keys[self.index] >= self.least


class Collection:
    """The objects of one entity, in the order in which they were made."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.texts: dict[str, bytes] = {}
        self.places: dict[str, int] = {}
        self.indexes = {name: Index(key) for name, key in keys.items()}
        self.keys: dict[str, tuple[Hashable | None, ...]] = {}
        self._orders: dict[tuple[str, Any, str], Order] = {}

    def put(self, id: str, text: bytes, place: int, object: Object) -> None:
        self.texts[id] = text
        self.places[id] = place
        if not self.indexes:
            return
        values = tuple(index.key(object) for index in self.indexes.values())
        before = self.keys.get(id)
        if before == values:
            return
        self.keys[id] = values
        for order in self._orders.values():
            if before is not None:
                order.remove(id, place, before)
            order.add(id, place, values)
        for position, index in enumerate(self.indexes.values()):
            if before is not None:
                index.remove(id, before[position])
            index.add(id, values[position])

    def put_back(self, id: str, text: bytes, place: int) -> None:
        """Undo a removal; the object returns to its old place in the order."""
        self.put(id, text, place, read_json(text))
        self.texts = {one: self.texts[one] for one in sorted(self.texts, key=self.places.__getitem__)}

    def order(self, index: str, least: Any, by: str) -> Order:
        """Return the objects whose key is `least` or greater, in order of the index `by`, to be read only."""
        asked = (index, least, by)
        found = self._orders.pop(asked, None)
        if found is None:
            names = list(self.indexes)
            found = Order(names.index(index), least, names.index(by))
            found.rows = sorted(
                (keys[found.by], self.places[id], id) for id, keys in self.keys.items() if found.has(keys)
            )
        # Whatever was asked for longest ago is the first.
        self._orders[asked] = found
        if len(self._orders) > ORDERS_KEPT:
            del self._orders[next(iter(self._orders))]
        return found

    def as_made(self, ids: Iterable[str]) -> list[str]:
        """Return ids in the order in which their objects were made."""
        return sorted(ids, key=self.places.__getitem__)

    def remove(self, id: str) -> None:
        del self.texts[id]
        place, keys = self.places.pop(id), self.keys.pop(id, ())
        for index, value in zip(self.indexes.values(), keys, strict=False):
            index.remove(id, value)
        for order in self._orders.values():
            order.remove(id, place, keys)
