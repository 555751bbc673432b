"""The time a simulator lives in: real time, moved on by request and skewed by a fault."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the simulated time as an aware UTC instant.

    `advance` moves the time for everybody and for good, so that due dates and retry schedules can be
    reached at once. `skewed` bends it for the calling thread alone: the fault `clock_skew`.
    """

    def __init__(self, offset_s: float = 0) -> None:
        self._offset = timedelta(seconds=offset_s)
        self._lock = threading.Lock()
        self._skew = threading.local()

    @property
    def offset_s(self) -> float:
        """How far the simulated time is ahead of real time."""
        return self._offset.total_seconds()

    def now(self) -> datetime:
        skew_s: float = getattr(self._skew, "seconds", 0.0)
        return datetime.now(UTC) + self._offset + timedelta(seconds=skew_s)

    def timestamp(self) -> int:
        """Return now in whole Unix seconds."""
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._offset += timedelta(seconds=seconds)

    @contextmanager
    def skewed(self, seconds: float) -> Iterator[None]:
        """Let this thread see a clock that is `seconds` fast (negative: slow)."""
        before: float = getattr(self._skew, "seconds", 0.0)
        self._skew.seconds = before + seconds
        try:
            yield
        finally:
            self._skew.seconds = before


class StoppedClock(Clock):
    """A clock that stands at the `instant` it is set to."""

    def __init__(self, instant: datetime) -> None:
        super().__init__()
        self.instant = instant

    def now(self) -> datetime:
        return self.instant
