"""When each sender was last heard of, kept to within some seconds: the page has a light that turns green."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import sweeps
from shared.db.models import Connection
from shared.db.session import Sessions
from shared.db.sweeps import Scope
from shared.errors import RejectedError

NOTED_EVERY_S = 10.0
# After a silence of QuickBooks as long as this, something may have been lost in it.
GAP = timedelta(hours=6)

_COLUMNS = {"invoiced": "invoiced_webhook_at", "quickbooks": "quickbooks_webhook_at"}

log = structlog.get_logger()


class Arrivals:
    """Notes arrivals for the threads of one process: one short write per connection and sender every ten seconds."""

    def __init__(
        self, sessions: Sessions, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], float] = {}

    def note(self, sender: str, connection_id: str) -> None:
        """Note that `sender` was heard of. The messages are in the queue by now: a database that is away is not the
        sender's concern."""
        with self._lock:
            last = self._noted.get((sender, connection_id))
            if last is not None and self._clock() - last < NOTED_EVERY_S:
                return
            self._noted[sender, connection_id] = self._clock()
        try:
            self._write(sender, connection_id)
        except SQLAlchemyError as error:
            log.warning("arrival not noted", connection=connection_id, error=str(error))

    def _write(self, sender: str, connection_id: str) -> None:
        now = self._now()
        with self._sessions.begin() as session:
            before = session.execute(
                sa.select(Connection.quickbooks_webhook_at, Connection.started_at).where(Connection.id == connection_id)
            ).one_or_none()
            session.execute(sa.update(Connection).where(Connection.id == connection_id).values({_COLUMNS[sender]: now}))
            is_gap = (
                before is not None
                and before.started_at is not None
                and before.quickbooks_webhook_at is not None
                and now - before.quickbooks_webhook_at > GAP
            )
            if sender == "quickbooks" and is_gap:
                try:
                    sweeps.request(session, connection_id, Scope.CATCH_UP, "gap", now)
                except RejectedError as error:
                    log.info("no sweep after a silence", connection=connection_id, cause=error.cause)
