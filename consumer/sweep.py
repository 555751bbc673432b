"""The catch-up sweep: finds what may have been missed, queues it for the consumers, and ends when all was looked at.

A sweep publishes the very same messages as a webhook, on the bulk queue. Everything it finds is stored before it is
queued, and a cursor moves only when all that was found has been looked at: a sweep that dies is taken up by whoever
sees its lease run out (ADR 0010).
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from consumer.wiring import Wiring
from shared.db import connections, cursors, links, records, sweeps
from shared.db.cursors import Stream
from shared.db.models import Connection, Record, Sweep
from shared.db.session import Sessions
from shared.db.sweeps import Scope, State
from shared.errors import BrokerUnavailableError, RateLimitedError, RejectedError, SyncError, TransientError
from shared.invoiced.client import InvoicedClient
from shared.invoiced.entities import Listed
from shared.messages import Kind, Message, Why
from shared.outcomes import Outcome
from shared.queues import BULK, Publisher
from shared.quickbooks.client import QuickBooksClient, quoted
from shared.quickbooks.entities import qbo_id

LOOK_EVERY_S = 0.5
LOOK_AGAIN_S = 5.0
ASK_EVERY_S = 15.0
# Clocks differ, and a change may become visible a moment after its time stamp.
OVERLAP = timedelta(minutes=5)
CDC_LOOKS_BACK = timedelta(days=29)
CDC_OBJECTS = 1000
QUERY_PAGE = 1000
QUEUE_AT_A_TIME = 200
EVENTS_A_PAGE = 100
# No more than this waits in the bulk queue: so a cancelled sweep leaves little behind.
OUTSTANDING = 1000
QUICKBOOKS_EVERY = timedelta(days=1)

_LISTS = {Stream.CUSTOMERS: Kind.CUSTOMER, Stream.INVOICES: Kind.INVOICE, Stream.PAYMENTS: Kind.PAYMENT}
# What no list shows any more, by the type of its event; the record's own look then finds it gone.
_GONE = {
    "customer.deleted": Kind.CUSTOMER,
    "customer.merged": Kind.CUSTOMER,
    "invoice.deleted": Kind.INVOICE,
    "payment.deleted": Kind.PAYMENT,
}

log = structlog.get_logger()


class SweepRunner(threading.Thread):
    """Carries out the sweeps of all connections, as one of any number of processes; asks for those that are due."""

    def __init__(self, wiring: Wiring, publisher: Publisher, stop: threading.Event) -> None:
        super().__init__(name="sweeps", daemon=True)
        self._wiring = wiring
        self._publisher = publisher
        self._stop_event = stop

    def run(self) -> None:
        """Look for sweeps until the process stops."""
        pause_s, ask_at_s = LOOK_EVERY_S, time.monotonic()
        while not self._stop_event.wait(pause_s):
            try:
                if time.monotonic() >= ask_at_s:
                    request_due(self._wiring)
                    ask_at_s = time.monotonic() + ASK_EVERY_S
                step_all(self._wiring, self._publisher, self._stop_event.is_set)
                pause_s = LOOK_EVERY_S
            except (SQLAlchemyError, BrokerUnavailableError) as error:
                log.warning("sweep not carried on yet", error=str(error))
                pause_s = LOOK_AGAIN_S


def request_due(wiring: Wiring) -> None:
    """Ask for a sweep of every connection that has had none for a while, so that a lost webhook needs no person."""
    now, every = wiring.now(), timedelta(minutes=wiring.config.sweep_every_minutes)
    with wiring.sessions() as session:
        due = [row.id for row in connections.list_all(session) if _is_due(row, now, every)]
    for connection_id in due:
        try:
            with wiring.sessions.begin() as session:
                latest = sweeps.list_latest(session, connection_id, limit=1)
                if not latest or (latest[0].state in sweeps.ENDED and now - latest[0].asked_at >= every):
                    sweeps.request(session, connection_id, Scope.CATCH_UP, "schedule", now)
        except RejectedError as error:
            # Somebody has disconnected or removed it, or asked for another sweep, just now.
            log.info("no sweep asked for", connection=connection_id, cause=error.cause)


def _is_due(row: Connection, now: datetime, every: timedelta) -> bool:
    # A connection that has just been made gets its webhooks; what is older is caught up by the first sweep.
    return row.state == connections.CONNECTED and row.started_at is not None and now - row.started_at >= every


def step_all(wiring: Wiring, publisher: Publisher, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Carry every sweep that can be had one step on; return how many there are."""
    last_id = count = 0
    while not is_stopping():
        with wiring.sessions.begin() as session:
            sweep = sweeps.take(session, wiring.process_name, wiring.now(), last_id)
        if sweep is None:
            break
        last_id, count = sweep.id, count + 1
        try:
            _step(wiring, publisher, sweep)
        except (TransientError, RateLimitedError) as error:
            log.warning("sweep waits for a vendor", sweep=sweep.id, cause=error.cause)
            _rest(wiring, sweep)
        except SyncError as error:
            log.warning("sweep failed", sweep=sweep.id, cause=error.cause, detail=error.detail)
            _fail(wiring, sweep, f"{error.cause} {error.remedy}".strip())
        except (SQLAlchemyError, BrokerUnavailableError):
            raise
        except Exception:  # a bug: it ends this sweep, and must not end the process that syncs everything else
            log.exception("a sweep broke", sweep=sweep.id)
            _fail(wiring, sweep, "A fault in the sync itself. Report it with the log; then synchronize again.")
    return count


def _fail(wiring: Wiring, sweep: Sweep, cause: str) -> None:
    with wiring.sessions.begin() as session:
        held = sweeps.held(session, sweep.id, wiring.process_name, wiring.now())
        if held is not None:
            sweeps.fail(session, held, cause, wiring.now())


def _rest(wiring: Wiring, sweep: Sweep) -> None:
    """Leave the sweep alone until its lease runs out: then it goes on where it was."""
    with wiring.sessions.begin() as session:
        held = sweeps.held(session, sweep.id, wiring.process_name, wiring.now())
        if held is not None:
            held.lease_owner = None


def _step(wiring: Wiring, publisher: Publisher, sweep: Sweep) -> None:
    is_ours = sweep.state != State.FINDING.value or _Finding(wiring, sweep).find_all()
    if is_ours:
        _queue(wiring, publisher, sweep)


class _Finding:
    """Lists what a sweep is over. Every page that was read is stored, and the lease renewed with it."""

    def __init__(self, wiring: Wiring, sweep: Sweep) -> None:
        self._wiring = wiring
        self._sweep = sweep
        self._sessions: Sessions = wiring.sessions
        self._id = sweep.connection_id
        self._everything = sweep.scope == Scope.EVERYTHING.value

    def find_all(self) -> bool:
        """Find all there is; False if the sweep is no longer ours."""
        if self._sweep.scope != Scope.SELECTION.value:
            invoiced, quickbooks = self._wiring.invoiced(self._id), self._wiring.quickbooks(self._id, bulk=True)
            for stream, kind in _LISTS.items():
                if not self._list(invoiced, stream, kind):
                    return False
            if not self._list_events(invoiced) or not self._list_quickbooks(quickbooks):
                return False
        with self._sessions.begin() as session:
            held = sweeps.held(session, self._sweep.id, self._wiring.process_name, self._wiring.now())
            if held is None:
                return False
            if held.why != self._sweep.why:
                # A person wants what the clock had asked for: the next step lists QuickBooks' side as well.
                return False
            held.state, held.found_all_at = State.WORKING.value, self._wiring.now()
            self._sweep.state = held.state
        return True

    def _list(self, invoiced: InvoicedClient, stream: Stream, kind: Kind) -> bool:
        if self._is_found(stream):
            return True
        began_at, since = self._wiring.now(), self._since(stream)
        for page in invoiced.list_changed(stream.value, None if since is None else int(since.timestamp())):
            if not self._store(kind, page):
                return False
        return self._mark_found(stream, began_at)

    def _list_events(self, invoiced: InvoicedClient) -> bool:
        """Find deletions and mergers. One that happened while a list was read moved what came behind it, and may have
        hidden a record: that list is read again, until nothing was deleted from it meanwhile."""
        if self._is_found(Stream.EVENTS):
            return True
        began_at, since = self._wiring.now(), self._since(Stream.EVENTS)
        if since is None:
            # Before the first sweep nothing was posted that could have been deleted since.
            with self._sessions() as session:
                since = connections.get(session, self._id).created_at - OVERLAP
        lists_began_at = self._sweep.began_at or began_at
        known: set[int] = set()
        while True:
            fresh = []
            for number, event in enumerate(invoiced.list_events(int(since.timestamp()))):
                # A long history is read for longer than a lease lasts.
                if number % EVENTS_A_PAGE == 0 and not self._add(()):
                    return False
                if event.type in _GONE and event.id not in known:
                    fresh.append(event)
            known.update(event.id for event in fresh)
            if not self._add(
                (_GONE[event.type].value, str(event.object_id), None) for event in fresh if event.object_id is not None
            ):
                return False
            moved = {_GONE[event.type] for event in fresh if _instant(event.timestamp) >= lists_began_at - OVERLAP}
            if not moved:
                return self._mark_found(Stream.EVENTS, began_at)
            for stream, kind in _LISTS.items():
                if kind in moved:
                    self._forget_found(stream)
                    if not self._list(invoiced, stream, kind):
                        return False

    def _list_quickbooks(self, quickbooks: QuickBooksClient) -> bool:
        stream, now = Stream.QUICKBOOKS_CUSTOMERS, self._wiring.now()
        with self._sessions() as session:
            reached_at = cursors.find(session, self._id, stream)
            since = reached_at or connections.get(session, self._id).created_at
        is_due = self._sweep.why != "schedule" or now - since >= QUICKBOOKS_EVERY
        if self._is_found(stream) or not (is_due or self._everything):
            # QBO's reads are metered: between a person's wish and a gap, once a day.
            return True
        for page in self._changed_in_quickbooks(quickbooks, None if self._everything else since - OVERLAP, now):
            with self._sessions() as session:
                fresh = [row for row in page if not self._is_echo(session, row)]
            keys = [
                (Kind.QUICKBOOKS_CUSTOMER.value, qbo_id(row), str(row.get("DisplayName") or "") or None)
                for row in fresh
            ]
            if not self._add(keys):
                return False
        return self._mark_found(stream, now)

    def _changed_in_quickbooks(
        self, quickbooks: QuickBooksClient, since: datetime | None, now: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        if since is not None and now - since <= CDC_LOOKS_BACK:
            found = quickbooks.changed_since("Customer", since)
            if len(found) < CDC_OBJECTS:
                yield found
                return
        # Change data capture has no pages and ends after 30 days.
        changed = f" and MetaData.LastUpdatedTime >= {quoted(since.isoformat(timespec='seconds'))}" if since else ""
        start = 1
        while True:
            rows = quickbooks.query(
                "Customer",
                f"select * from Customer where Active in (true, false){changed} orderby Id"
                f" startposition {start} maxresults {QUERY_PAGE}",
            )
            yield rows
            if len(rows) < QUERY_PAGE:
                return
            start += QUERY_PAGE

    def _is_echo(self, session: Session, row: dict[str, Any]) -> bool:
        """Tell whether QBO shows what we saw last: our own writes come back as changes."""
        link = links.find_by_qbo_id(session, self._id, "Customer", qbo_id(row))
        return link is not None and row.get("SyncToken") == link.sync_token

    def _store(self, kind: Kind, page: list[Listed]) -> bool:
        """Store a page; what is known to stand as listed is unchanged, and needs no look of its own."""
        with self._sessions.begin() as session:
            held = sweeps.held(session, self._sweep.id, self._wiring.process_name, self._wiring.now())
            if held is None:
                return False
            known = records.find_many(session, self._id, kind, [str(row.id) for row in page])
            same = {row.id for row in page if self._stands(row, known.get(str(row.id)))}
            for unchanged in (False, True):
                rows = [
                    (kind.value, str(row.id), row.number or row.name) for row in page if (row.id in same) is unchanged
                ]
                sweeps.add_found(session, held, rows, self._wiring.now(), unchanged=unchanged)
            return True

    def _stands(self, row: Listed, record: Record | None) -> bool:
        if record is None or row.updated_at is None:
            return False
        well = {Outcome.SYNCED.value, Outcome.UNCHANGED.value}
        if not self._everything:
            # What was skipped for a reason of ours (start date, a switch) is looked at anew only on a person's wish.
            well.add(Outcome.SKIPPED.value)
        return (
            record.outcome in well
            and record.source_updated_at == _instant(row.updated_at)
            and record.next_look_at is None
            and not record.dirty
            and record.lease_owner is None
        )

    def _add(self, keys: Iterable[tuple[str, str, str | None]]) -> bool:
        with self._sessions.begin() as session:
            held = sweeps.held(session, self._sweep.id, self._wiring.process_name, self._wiring.now())
            if held is None:
                return False
            sweeps.add_found(session, held, keys, self._wiring.now())
            return True

    def _since(self, stream: Stream) -> datetime | None:
        if self._everything:
            return None
        with self._sessions() as session:
            reached_at = cursors.find(session, self._id, stream)
        return None if reached_at is None else reached_at - OVERLAP

    def _is_found(self, stream: Stream) -> bool:
        return stream.value in (self._sweep.position or {})

    def _mark_found(self, stream: Stream, began_at: datetime) -> bool:
        """Remember that a stream was listed to its end, and from when on the next sweep has to begin."""
        return self._set_position({**(self._sweep.position or {}), stream.value: began_at.isoformat()})

    def _forget_found(self, stream: Stream) -> None:
        self._sweep.position = {name: at for name, at in (self._sweep.position or {}).items() if name != stream.value}

    def _set_position(self, position: dict[str, Any]) -> bool:
        with self._sessions.begin() as session:
            held = sweeps.held(session, self._sweep.id, self._wiring.process_name, self._wiring.now())
            if held is None:
                return False
            held.position = self._sweep.position = position
            return True


def _queue(wiring: Wiring, publisher: Publisher, sweep: Sweep) -> None:
    """Queue what was found and is not queued yet, and end the sweep and move the cursors when all was looked at."""
    while True:
        now = wiring.now()
        with wiring.sessions.begin() as session:
            held = sweeps.held(session, sweep.id, wiring.process_name, now)
            if held is None:
                return
            room = OUTSTANDING - sweeps.count_outstanding(session, sweep.id)
            keys = sweeps.not_queued(session, sweep.id, min(QUEUE_AT_A_TIME, room)) if room > 0 else []
            if not keys:
                # Not before all was looked at: a sweep that is cancelled leaves its records to the next one.
                if sweeps.end_if_done(session, held, now):
                    _move_cursors(session, held)
                else:
                    sweeps.queue_again(session, held, now)
                return
            # Marked first: a record whose look ends before this transaction would else never be counted.
            sweeps.mark_queued(session, sweep.id, keys, now)
        try:
            publisher.publish(
                [Message(key.connection_id, key.kind, key.record_id, Why.SWEEP, seen_at=now) for key in keys], BULK
            )
        except BrokerUnavailableError:
            with wiring.sessions.begin() as session:
                sweeps.mark_queued(session, sweep.id, keys, None)
            raise


def _move_cursors(session: Session, sweep: Sweep) -> None:
    for name, began_at in (sweep.position or {}).items():
        cursors.move(session, sweep.connection_id, Stream(name), datetime.fromisoformat(began_at))


def _instant(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
