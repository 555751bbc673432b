"""One look at one record under its lease, and the one place where errors become outcomes."""

import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from consumer.deps import Deps, Look
from consumer.retry import settle
from shared.db import connections, records
from shared.db.models import Record
from shared.db.records import RecordKey
from shared.errors import AccessRevokedError, SyncError, WaitingError
from shared.outcomes import Outcome, Settlement
from shared.quickbooks.client import Exchange

Handler = Callable[[Deps, Look], Settlement]

# While the database is away for a moment, a look's outcome is kept in hand.
PAUSES_S = (0.1, 0.5, 2.0)
# Another worker's look at a record takes about this long.
BUSY_AGAIN_S = 0.5

log = structlog.get_logger()


def take(deps: Deps, key: RecordKey, label: str | None = None) -> Record | None:
    """Lease a record; None if somebody else has it in work. `label` is what people call it."""
    with deps.sessions.begin() as session:
        return records.claim(session, key, deps.owner, deps.now(), label)


def take_or_wait(deps: Deps, key: RecordKey) -> Record:
    """Lease a record.

    Raises:
        WaitingError: somebody else has it in work; it will not be long.
    """
    row = take(deps, key)
    if row is None:
        raise in_work(deps, key, f"#{key.record_id}")
    return row


def in_work(deps: Deps, key: RecordKey, name: str) -> WaitingError:
    """Return the error of a record that waits for one in work elsewhere."""
    return WaitingError(
        f"Waits for {key.kind.value} {name}, which is in work",
        waiting_for=key.name,
        until=deps.now() + timedelta(seconds=BUSY_AGAIN_S),
    )


def request_looks(deps: Deps, keys: Iterable[RecordKey]) -> None:
    """Have records looked at; each in a transaction of its own, so that no two of them wait for each other's locks."""
    for key in sorted(set(keys), key=lambda key: key.name):
        with deps.sessions.begin() as session:
            records.request_look(session, key, deps.now())


def look_at(
    deps: Deps, key: RecordKey, handle: Handler, leased: Record, *, occurred_at: datetime | None = None
) -> Settlement:
    """Run a handler on a leased record, store how it ended and give the lease back.

    Whatever the handler raises becomes the record's outcome; only a database that cannot be written escapes.
    """
    look = Look(key, leased, occurred_at)
    deps.exchanges.begin()
    try:
        settlement = handle(deps, look)
    except Exception as error:  # the one broad except: every error ends as an outcome that people can see
        settlement = settle(error, leased.attempts, deps.now(), random.random())
        if isinstance(error, AccessRevokedError):
            with deps.sessions.begin() as session:
                connections.park(session, key.connection_id)
        if not isinstance(error, SyncError):
            log.exception("a handler broke", kind=key.kind.value, record=key.record_id)
    exchange = deps.exchanges.end()
    finish(deps, look, settlement, exchange)
    return settlement


def finish(deps: Deps, look: Look, settlement: Settlement, exchange: Exchange | None = None) -> None:
    """Store the outcome of a look, give the lease back and tell the log."""
    columns: dict[str, Any] = dict(look.learned)
    if look.label is not None:
        columns["label"] = look.label
    if exchange is not None:
        columns["last_request"] = {
            "method": exchange.method,
            "path": exchange.path,
            "body": exchange.body,
        }
        columns["last_reply"] = {
            "status": exchange.status,
            "intuit_tid": exchange.intuit_tid,
            "body": exchange.reply,
        }
    kept = _store(deps, look, settlement, columns)
    write = log.info if settlement.outcome not in (Outcome.FAILED, Outcome.MISMATCH) else log.warning
    write(
        "record settled" if kept else "lease ran out before the record was settled",
        connection=look.key.connection_id,
        kind=look.key.kind.value,
        record=look.key.record_id,
        label=look.label,
        outcome=settlement.outcome.value,
        cause=settlement.cause or None,
        code=settlement.code,
    )


def _store(deps: Deps, look: Look, settlement: Settlement, columns: dict[str, Any]) -> bool:
    def store() -> bool:
        with deps.sessions.begin() as session:
            return records.finish(
                session, look.key, deps.owner, settlement, deps.now(), releases=look.releases, **columns
            )

    for pause_s in PAUSES_S:
        try:
            return store()
        except OperationalError as error:
            # Two records that release each other may deadlock; the database ends one of the transactions.
            log.warning("outcome not stored yet", record=look.key.name, error=str(error))
            time.sleep(pause_s)
    return store()
