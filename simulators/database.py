"""What a store holds, on disk: SQLite, written in commits that answers of the same moment share.

Changes are added in the order in which they happened and written by `flush`. Whoever flushes first writes what
all have added by then, and the others find it done; a row that changed several times is written once.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    company TEXT NOT NULL, entity TEXT NOT NULL, id TEXT NOT NULL, place INTEGER NOT NULL, json BLOB NOT NULL,
    PRIMARY KEY (company, entity, id));
CREATE TABLE IF NOT EXISTS settings (
    company TEXT NOT NULL, name TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (company, name)) WITHOUT ROWID;
"""
# An update in place leaves the index alone. Rows are large, so that a table without row ids would keep most of
# each on a page of its own.
_PUT = """INSERT INTO objects VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET place = excluded.place, json = excluded.json"""
_DELETE = "DELETE FROM objects WHERE company = ? AND entity = ? AND id = ?"
_SET = "REPLACE INTO settings VALUES (?, ?, ?)"


@dataclass
class Changes:
    """What is to be written: objects by company, entity and id (None: gone), settings by company and name.

    `after` is called, in order, once it is written, by the thread that writes: it must wait for none that may
    itself be waiting to write.
    """

    objects: dict[tuple[str, str, str], tuple[int, bytes] | None] = field(default_factory=dict)
    settings: dict[tuple[str, str], bytes] = field(default_factory=dict)
    after: list[Callable[[], None]] = field(default_factory=list)

    def add(self, later: "Changes") -> None:
        self.objects |= later.objects
        self.settings |= later.settings
        self.after += later.after


class Database:
    """The file of a store; with no path nothing is written, and everything else is the same."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else _open(path)
        self._adding = threading.Lock()
        self._writing = threading.Lock()
        self._waiting = Changes()
        self._added = 0
        self._written = 0

    def objects(self) -> list[tuple[str, str, str, int, bytes]]:
        """Return company, entity, id, place and JSON of every object, by place."""
        if self._file is None:
            return []
        # SQLite would sort the JSON along with the places, on disk.
        rows = self._file.execute("SELECT company, entity, id, place, json FROM objects")
        return sorted(rows, key=lambda row: row[3])

    def settings(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield company, name and JSON of every setting."""
        if self._file is not None:
            yield from self._file.execute("SELECT company, name, json FROM settings")

    def add(self, changes: Changes) -> None:
        """Take changes that happened; the next `flush` writes them."""
        if not (changes.objects or changes.settings or changes.after):
            return
        with self._adding:
            self._waiting.add(changes)
            self._added += 1

    def flush(self) -> None:
        """Return once all that was added before the call is written, so that it survives a kill of the process.

        Raises:
            sqlite3.Error: it could not be written; it stays waiting, and the next flush tries again.
        """
        wanted = self._added
        if self._written >= wanted:
            return
        with self._writing:
            if self._written >= wanted:
                return
            with self._adding:
                changes, self._waiting, count = self._waiting, Changes(), self._added
            try:
                self._write(changes)
            except sqlite3.Error:
                with self._adding:
                    changes.add(self._waiting)
                    self._waiting = changes
                raise
            for call in changes.after:
                call()
            # Only now may the others go on: their own calls were among these.
            self._written = count

    def close(self) -> None:
        self.flush()
        with self._writing:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, changes: Changes) -> None:
        """Write all of it or nothing."""
        if self._file is None:
            return
        puts = [(*key, *value) for key, value in changes.objects.items() if value is not None]
        deletes = [key for key, value in changes.objects.items() if value is None]
        sets = [(*key, text) for key, text in changes.settings.items()]
        self._file.execute("BEGIN IMMEDIATE")
        try:
            for sql, rows in ((_PUT, puts), (_DELETE, deletes), (_SET, sets)):
                self._file.executemany(sql, rows)
            self._file.execute("COMMIT")
        except sqlite3.Error:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise


def _open(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    file.execute("PRAGMA journal_mode = WAL")
    # OFF survives a kill of the process, all that a simulator promises. NORMAL would wait for the disk every
    # hundred writes or so, for a second where others load it.
    file.execute("PRAGMA synchronous = OFF")
    file.executescript(_SCHEMA)
    return file
