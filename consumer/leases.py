"""Keeps the leases alive of the records that this process has in work, and of no others."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import records
from shared.db.session import Sessions

RENEW_EVERY_S = 10.0

log = structlog.get_logger()


class LeaseKeeper(threading.Thread):
    """Renews the leases of all owners that are at work in this process.

    An owner is one worker with one message: what it leaves leased by mistake runs out once it is done.
    """

    def __init__(self, sessions: Sessions, now: Callable[[], datetime], stop: threading.Event) -> None:
        super().__init__(name="lease keeper", daemon=True)
        self._sessions = sessions
        self._now = now
        self._stop_event = stop
        self._lock = threading.Lock()
        self._owners: set[str] = set()

    @contextmanager
    def at_work(self, owner: str) -> Iterator[None]:
        """Keep this owner's leases while the block runs."""
        with self._lock:
            self._owners.add(owner)
        try:
            yield
        finally:
            with self._lock:
                self._owners.discard(owner)

    def run(self) -> None:
        """Renew until the process stops; a database that is away for a moment is asked again."""
        while not self._stop_event.wait(RENEW_EVERY_S):
            with self._lock:
                owners = set(self._owners)
            if not owners:
                continue
            try:
                with self._sessions.begin() as session:
                    records.renew(session, owners, self._now())
            except SQLAlchemyError as error:
                log.warning("leases not renewed", error=str(error))
