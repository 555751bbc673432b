"""Who of a process writes to SQLite next: whoever has waited longest.

SQLite itself keeps no line. Who finds the one writer's place taken looks again after pauses that grow to 0.1 s, and a
thread that writes one transaction after the other takes the place each time before them: a webhook waited for seconds
behind bulk work. Between processes it stays so; those meet far less often than the threads of a consumer.
"""

import sqlite3
import threading
from collections import deque

# Who has waited so long goes to the database out of turn, whose own patience then counts.
PATIENCE_S = 5.0


class WritersLine:
    """The threads of a process that want to write to one database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()

    def wait(self, patience_s: float = PATIENCE_S) -> bool:
        """Wait for one's turn, which lasts until `leave`; False if it did not come in time."""
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        turn.wait(patience_s)
        with self._lock:
            if turn.is_set():
                return True
            self._waiting.remove(turn)
            return False

    def leave(self) -> None:
        """Give the turn to whoever has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False


class SqliteConnection(sqlite3.Connection):
    """A connection that stands in line before it writes, and leaves when its transaction has ended."""

    _line: WritersLine | None = None

    def stand_in(self, line: WritersLine) -> None:
        """Wait for the turn to begin a transaction that may write."""
        if line.wait():
            self._line = line

    def leave_line(self) -> None:
        """Let the next one write, if it was this connection's turn."""
        line, self._line = self._line, None
        if line is not None:
            line.leave()

    def commit(self) -> None:
        try:
            super().commit()
        finally:
            self.leave_line()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self.leave_line()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.leave_line()
