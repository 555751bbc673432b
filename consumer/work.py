"""One look at one record under its lease, and the one place where errors become outcomes."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from consumer.deps import Deps, Look
from consumer.retry import settle
from shared.db import connections, history, links, records, sweeps
from shared.db.connections import UnknownConnectionError
from shared.db.history import Call
from shared.db.models import Record
from shared.db.records import RecordKey
from shared.errors import AccessRevokedError, SyncError, TransientError, WaitingError
from shared.messages import Kind, Message, Why
from shared.outcomes import WAITS_FOR_RECONNECT, WAITS_FOR_START, Outcome, Settlement

Handler = Callable[[Deps, Look], Settlement]

# While the database is away for a moment, a look's outcome is kept in hand.
PAUSES_S = (0.1, 0.5, 2.0)
_HANGS_ON_THE_CONNECTION = (WAITS_FOR_RECONNECT, WAITS_FOR_START)
# A record that waits no longer than this is not counted as waiting.
SOON = timedelta(seconds=60)
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
    deps: Deps, key: RecordKey, handle: Handler, leased: Record, *, message: Message | None = None
) -> Settlement:
    """Run a handler on a leased record, store how it ended and give the lease back.

    Whatever the handler raises becomes the record's outcome; only a database that cannot be written escapes.
    """
    look = Look(key, leased, message)
    deps.exchanges.begin()
    try:
        settlement = _held_back(deps) or handle(deps, look)
    except Exception as error:  # the one broad except: every error ends as an outcome that people can see
        settlement = settle(error, leased.attempts, deps.now(), random.random())
        if isinstance(error, AccessRevokedError):
            with deps.sessions.begin() as session:
                connections.park(session, key.connection_id)
        if not isinstance(error, SyncError):
            log.exception("a handler broke", kind=key.kind.value, record=key.record_id)
    finish(deps, look, settlement, deps.exchanges.end())
    return settlement


def _goes_on_in_a_moment(settlement: Settlement, now: datetime) -> bool:
    """Tell whether a sweep had better wait for the next look than count this one."""
    next_look_at = settlement.next_look_at
    return settlement.outcome is Outcome.WAITING and next_look_at is not None and next_look_at - now < SOON


def _held_back(deps: Deps) -> Settlement | None:
    """Return how every record of a connection waits that is not to be synced now, without asking either vendor."""
    if deps.profile.state == connections.DISCONNECTED:
        return Settlement(
            Outcome.WAITING,
            cause="QuickBooks is disconnected",
            remedy="Reconnect on the overview; all that waits goes on then.",
            waiting_for=WAITS_FOR_RECONNECT,
        )
    if not deps.profile.started:
        return Settlement(
            Outcome.WAITING,
            cause="Nothing is posted before the first Synchronize",
            remedy="See on the overview what would be posted, then press Synchronize.",
            waiting_for=WAITS_FOR_START,
        )
    return None


def finish(deps: Deps, look: Look, settlement: Settlement, calls: Sequence[Call] = ()) -> None:
    """Store the outcome of a look, what it called and why it was made; give the lease back and tell the log."""
    columns: dict[str, Any] = dict(look.learned)
    if look.label is not None:
        columns["label"] = look.label
    entries = [history.of_call(look.key, call) for call in calls]
    entries.append(_entry(deps, look, settlement))
    kept = _store(deps, look, settlement, columns, entries)
    if kept and (settlement.setting or settlement.waiting_for in _HANGS_ON_THE_CONNECTION):
        _look_again_if_changed(deps, look.key)
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


def _look_again_if_changed(deps: Deps, key: RecordKey) -> None:
    """Have a record looked at once more that something of its connection kept back, if that has changed since its look
    began: whoever changed it could not know of this record yet."""
    with deps.sessions.begin() as session:
        try:
            fresh = connections.profile(connections.get_locked(session, key.connection_id))
        except (UnknownConnectionError, TransientError):
            # Removed, or being set up anew: nothing to look again for.
            return
        if fresh.state == connections.CONNECTED and fresh != deps.profile:
            records.request_look(session, key, deps.now())


def _entry(deps: Deps, look: Look, settlement: Settlement) -> dict[str, Any]:
    """Return the look as an entry of the record's history."""
    now, message = deps.now(), look.message
    why = Why.MANUAL if look.row.asked_by_person else message.why if message is not None else None
    is_measured = message is not None and message.why is Why.WEBHOOK and settlement.outcome is Outcome.SYNCED
    return history.of_record(
        look.key,
        now,
        history.LOOK,
        why=None if why is None else why.value,
        event_id=None if message is None else message.event_id,
        outcome=settlement.outcome.value,
        cause=" ".join(text for text in (settlement.cause, settlement.detail) if text) or None,
        delay_ms=int((now - message.seen_at) / timedelta(milliseconds=1))
        if message is not None and is_measured
        else None,
    )


def _store(
    deps: Deps, look: Look, settlement: Settlement, columns: dict[str, Any], entries: list[dict[str, Any]]
) -> bool:
    def store() -> bool:
        with deps.sessions.begin() as session:
            if look.customer_id is not None:
                columns["customer_id"] = look.customer_id
                columns["customer_name"] = _name_of_customer(session, deps.record(Kind.CUSTOMER, look.customer_id))
            is_kept = records.finish(
                session, look.key, deps.owner, settlement, deps.now(), releases=look.releases, **columns
            )
            if is_kept and not _goes_on_in_a_moment(settlement, deps.now()):
                sweeps.settle_record(session, look.key, settlement, look.label, deps.now())
            history.add(session, entries)
            return is_kept

    if any(_wrote(entry) for entry in entries):
        # On its own: who changes a connection locks it before its records, never after them.
        with deps.sessions.begin() as session:
            connections.note_write(session, look.key.connection_id, deps.now())
    for pause_s in PAUSES_S:
        try:
            return store()
        except OperationalError as error:
            # Two records that release each other may deadlock; the database ends one of the transactions.
            log.warning("outcome not stored yet", record=look.key.name, error=str(error))
            time.sleep(pause_s)
    return store()


def _wrote(entry: dict[str, Any]) -> bool:
    """Tell whether an entry is a call that QuickBooks carried out; a search is posted too, but changes nothing."""
    request, reply = entry.get("request"), entry.get("reply")
    if request is None or reply is None or request["method"] != "POST" or "/query" in request["path"]:
        return False
    return bool(reply["status"] == 200)


def _name_of_customer(session: Session, customer: RecordKey) -> str | None:
    """Return what a customer is called, as far as it was seen; nothing is fetched for it."""
    row = records.find(session, customer)
    if row is not None and row.customer_name:
        return row.customer_name
    linked = links.find_all(session, customer)
    source = linked[0].source if linked else None
    return str(source["name"]) if source and source.get("name") else None
