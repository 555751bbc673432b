"""Objects of simulated companies: read from memory, written through to SQLite if there is a data directory.

An object is kept as JSON text, so that what a caller reads is its own copy and 100,000 documents fit in
memory; what must be found fast is indexed.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from simulators.database import Changes, Database
from simulators.indexes import Collection
from simulators.indexes import Key as Key
from simulators.indexes import Object as Object
from simulators.json_numbers import read_json, write_json

_GLOBAL = ""


class Store:
    """All companies of one simulator.

    `indexes` names, per entity, keys by which its objects are found:
    `{"Customer": {"name": lambda customer: customer["name"]}}`. A key of None leaves the object out; the keys
    of one index are of one type. Ids are strings here; an app with numeric ids converts them.
    """

    def __init__(self, data_dir: Path | None, name: str, indexes: Mapping[str, Mapping[str, Key]] | None = None):
        self._indexes = indexes or {}
        self._companies: dict[str, Company] = {}
        self._settings: dict[str, bytes] = {}
        self._lock = threading.Lock()
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        self._database = Database(None if data_dir is None else data_dir / f"{name}.sqlite")
        for company, entity, id, place, text in self._database.objects():
            self.company(company)._load(entity, id, place, text)
        for company, setting, text in self._database.settings():
            if company == _GLOBAL:
                self._settings[setting] = text
            else:
                self.company(company)._settings[setting] = text

    def company(self, id: str) -> "Company":
        """Return the company of that id; an unknown one starts empty."""
        with self._lock:
            if id not in self._companies:
                self._companies[id] = Company(id, self._indexes, self._database)
            return self._companies[id]

    def companies(self) -> list[str]:
        with self._lock:
            return list(self._companies)

    def setting(self, name: str, default: Any = None) -> Any:
        """Return a setting of the simulator as a whole."""
        text = self._settings.get(name)
        return default if text is None else read_json(text)

    def set_setting(self, name: str, value: Any) -> None:
        text = write_json(value)
        with self._lock:
            self._settings[name] = text
            self._database.add(Changes(settings={(_GLOBAL, name): text}))
        self._database.flush()

    def close(self) -> None:
        self._database.close()


class Company:
    """The objects, sequences and settings of one company.

    One read sees nothing of a transaction in work. Take `hold` around reads that must agree with each other,
    and `transaction` around what must be done as one.
    """

    def __init__(self, id: str, indexes: Mapping[str, Mapping[str, Key]], database: Database) -> None:
        self.id = id
        self._keys = indexes
        self._database = database
        self._lock = threading.RLock()
        self._collections: dict[str, Collection] = {}
        self._settings: dict[str, bytes] = {}
        self._last_place = 0
        self._holds = 0
        self._depth = 0
        self._changes = Changes()
        self._undo: list[Callable[[], None]] = []

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other caller out of the company; holds and transactions nest.

        Past the outermost one everything that was seen or done in it survives a kill of the process. The others
        are let in before that is written, so that what they do goes into the same commit.
        """
        self._lock.acquire()
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            outermost = self._holds == 0
            self._lock.release()
            if outermost:
                self._database.flush()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the company and do all or, after an exception, nothing; the outermost transaction counts."""
        with self.hold():
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    self._database.add(self._changes)
            except BaseException:
                if self._depth == 1:
                    for undo in reversed(self._undo):
                        undo()
                raise
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._changes, self._undo = Changes(), []

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call `call` once the transaction in hand is written; it is dropped if that fails."""
        self._changes.after.append(call)

    def get(self, entity: str, id: str) -> Object | None:
        """Return a copy of one object."""
        with self._lock:
            text = self._collection(entity).texts.get(id)
        return None if text is None else read_json(text)

    def has(self, entity: str, id: str) -> bool:
        return id in self._collection(entity).texts

    def all(self, entity: str) -> Iterator[Object]:
        """Yield copies of all objects of an entity, oldest first."""
        with self._lock:
            texts = list(self._collection(entity).texts.values())
        for text in texts:
            yield read_json(text)

    def entities(self) -> list[str]:
        """Return the entities of which the company has held something."""
        with self._lock:
            return list(self._collections)

    def ids(self, entity: str) -> list[str]:
        """Return all ids of an entity, oldest first."""
        with self._lock:
            return list(self._collection(entity).texts)

    def count(self, entity: str) -> int:
        return len(self._collection(entity).texts)

    def find(self, entity: str, index: str, value: Hashable) -> list[Object]:
        """Return the objects with that key, oldest first."""
        with self._lock:
            collection = self._collection(entity)
            return [read_json(collection.texts[id]) for id in self.find_ids(entity, index, value)]

    def find_ids(self, entity: str, index: str, value: Hashable) -> list[str]:
        """Return the ids of the objects with that key, oldest first."""
        with self._lock:
            collection = self._collection(entity)
            return collection.as_made(collection.indexes[index].ids.get(value, ()))

    def find_after(self, entity: str, index: str, value: Any, most: int | None = None) -> list[Object]:
        """Return the objects whose key is greater than `value`, in order of key; the first `most` of them."""
        with self._lock:
            found = (ids for key, ids in self.ids_between(entity, index, value) if key != value)
            return list(islice((item for ids in found for item in self.read(entity, ids)), most))

    def page_from(self, entity: str, index: str, least: Any, *, by: str, first: int, end: int) -> tuple[int, list[str]]:
        """Return how many objects have a key of `least` or greater, and the ids of those from `first` to before `end`
        in order of the index `by`, which has a key for each.

        No object is read, and however many there are, the next page costs no more than itself.
        """
        with self._lock:
            rows = self._collection(entity).order(index, least, by).rows
            return len(rows), [id for _, _, id in rows[first:end]]

    def find_until(self, entity: str, index: str, value: Any) -> list[Object]:
        """Return the objects whose key is at most `value`, in order of key."""
        with self._lock:
            found = self.ids_between(entity, index, high=value)
            return [item for _, ids in found for item in self.read(entity, ids)]

    def ids_between(
        self, entity: str, index: str, low: Any = None, high: Any = None, *, descending: bool = False
    ) -> Iterator[tuple[Any, list[str]]]:
        """Yield the keys from `low` to `high`, both included, in their order, each with its ids.

        A bound of None is none. Only what is taken costs anything; `hold` the company meanwhile.
        """
        found = self._collection(entity).indexes[index]
        keys = found.between(low, high)
        for key in reversed(keys) if descending else keys:
            yield key, list(found.ids[key])

    def as_made(self, entity: str, ids: Iterable[str]) -> list[str]:
        """Return ids in the order in which their objects were made."""
        with self._lock:
            return self._collection(entity).as_made(ids)

    def read(self, entity: str, ids: Iterable[str]) -> Iterator[Object]:
        """Yield copies of the objects of these ids, one by one as they are taken; unknown ids are left out."""
        for id in ids:
            found = self.get(entity, id)
            if found is not None:
                yield found

    def put(self, entity: str, id: str, object: Object) -> None:
        """Keep `object` as it is now under that id, new or not."""
        with self.transaction():
            collection = self._collection(entity)
            before = collection.texts.get(id)
            text = write_json(object)
            if before is None:
                self._last_place += 1
                place = self._last_place
                self._undo.append(lambda: collection.remove(id))
            else:
                place, kept = collection.places[id], before
                self._undo.append(lambda: collection.put(id, kept, place, read_json(kept)))
            collection.put(id, text, place, object)
            self._changes.objects[self.id, entity, id] = place, text

    def delete(self, entity: str, id: str) -> None:
        """Remove an object.

        Raises:
            KeyError: there is none of that id.
        """
        with self.transaction():
            collection = self._collection(entity)
            text, place = collection.texts[id], collection.places[id]
            collection.remove(id)
            self._undo.append(lambda: collection.put_back(id, text, place))
            self._changes.objects[self.id, entity, id] = None

    def next_number(self, sequence: str, first: int = 1) -> int:
        """Return the next number of a sequence; it is given once."""
        with self.transaction():
            number: int = self.setting(f"sequence {sequence}", first)
            self.set_setting(f"sequence {sequence}", number + 1)
            return number

    def setting(self, name: str, default: Any = None) -> Any:
        text = self._settings.get(name)
        return default if text is None else read_json(text)

    def set_setting(self, name: str, value: Any) -> None:
        with self.transaction():
            before = self._settings.get(name)
            text = write_json(value)
            if before is None:
                self._undo.append(lambda: self._settings.__delitem__(name))
            else:
                kept = before
                self._undo.append(lambda: self._settings.__setitem__(name, kept))
            self._settings[name] = text
            self._changes.settings[self.id, name] = text

    def _collection(self, entity: str) -> Collection:
        collection = self._collections.get(entity)
        if collection is None:
            collection = self._collections.setdefault(entity, Collection(self._keys.get(entity, {})))
        return collection

    def _load(self, entity: str, id: str, place: int, text: bytes) -> None:
        collection = self._collection(entity)
        collection.put(id, text, place, read_json(text) if collection.indexes else {})
        self._last_place = max(self._last_place, place)
