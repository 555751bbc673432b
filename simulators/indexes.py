"""The objects of one entity in memory, and the indexes by which they are found without reading them all."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from simulators.json_numbers import read_json

Object = dict[str, Any]
Key = Callable[[Object], Hashable | None]


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


class Collection:
    """The objects of one entity, in the order in which they were made."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.texts: dict[str, bytes] = {}
        self.places: dict[str, int] = {}
        self.indexes = {name: Index(key) for name, key in keys.items()}
        self.keys: dict[str, tuple[Hashable | None, ...]] = {}

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
        for position, index in enumerate(self.indexes.values()):
            if before is not None:
                index.remove(id, before[position])
            index.add(id, values[position])

    def put_back(self, id: str, text: bytes, place: int) -> None:
        """Undo a removal; the object returns to its old place in the order."""
        self.put(id, text, place, read_json(text))
        self.texts = {one: self.texts[one] for one in sorted(self.texts, key=self.places.__getitem__)}

    def in_order(self, ids: Iterable[str], index: str) -> list[str]:
        """Return ids in the order of an index that has a key for each, and of making where the keys are the same."""
        position = list(self.indexes).index(index)
        return sorted(ids, key=lambda id: (self.keys[id][position], self.places[id]))

    def as_made(self, ids: Iterable[str]) -> list[str]:
        """Return ids in the order in which their objects were made."""
        return sorted(ids, key=self.places.__getitem__)

    def remove(self, id: str) -> None:
        del self.texts[id]
        del self.places[id]
        for index, value in zip(self.indexes.values(), self.keys.pop(id, ()), strict=False):
            index.remove(id, value)
