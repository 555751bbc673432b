"""What a sweep goes over, listed page by page.

Each step reads one page and stores what it shows together with the position after it, so that a sweep that died goes
on at its page, whoever takes it up, and a long listing holds up no other connection's sweep (ADR 0010).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import structlog
from sqlalchemy.orm import Session

from consumer.wiring import Wiring
from shared.db import connections, cursors, links, records, sweeps
from shared.db.cursors import Stream
from shared.db.models import Record, Sweep
from shared.db.sweeps import Scope, State
from shared.errors import RejectedError
from shared.messages import Kind
from shared.outcomes import Outcome
from shared.quickbooks.client import quoted
from shared.quickbooks.entities import qbo_id

# Clocks differ, and a change may become visible a moment after its time stamp.
OVERLAP = timedelta(minutes=5)
CDC_LOOKS_BACK = timedelta(days=29)
CDC_OBJECTS = 1000
QUERY_PAGE = 1000
QUICKBOOKS_EVERY = timedelta(days=1)

# Events after the lists: they tell of deletions that fell into the reading of a list.
_ORDER = (Stream.CUSTOMERS, Stream.INVOICES, Stream.PAYMENTS, Stream.EVENTS, Stream.QUICKBOOKS_CUSTOMERS)
_LISTS = {Stream.CUSTOMERS: Kind.CUSTOMER, Stream.INVOICES: Kind.INVOICE, Stream.PAYMENTS: Kind.PAYMENT}
# What no list shows any more, by the type of its event; the record's own look then finds it gone.
_GONE = {
    "customer.deleted": Stream.CUSTOMERS,
    "customer.merged": Stream.CUSTOMERS,
    "invoice.deleted": Stream.INVOICES,
    "payment.deleted": Stream.PAYMENTS,
}
# QuickBooks' first page is change data capture, where it reaches; the pages after it are of the query.
_CAPTURED = 0

log = structlog.get_logger()


class Reading(msgspec.Struct, frozen=True):
    """The page of a stream that is to be read next, and the process that read the one before it."""

    stream: Stream
    page: int
    reader: str | None = None


class Position(msgspec.Struct, frozen=True):
    """How far a sweep has listed what it goes over; stands in its row as JSON.

    `found` has the streams that were listed to their end. `deletions` are the events, by id, of what was deleted while
    the lists were read, and `moved` the lists that the newest of them moved: those are read again.
    """

    found: frozenset[Stream] = frozenset()
    reading: Reading | None = None
    deletions: tuple[int, ...] = ()
    moved: frozenset[Stream] = frozenset()


@dataclass(frozen=True)
class _Row:
    """What a page shows of a record: its id, what people call it, and its `updated_at` where a list tells it."""

    kind: Kind
    record_id: str
    label: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class _Page:
    """A page that was read. `deletions` has the streams of events that may have moved a list, by the event's id."""

    rows: list[_Row]
    next_page: int | None
    deletions: dict[int, Stream]


def position_of(sweep: Sweep) -> Position:
    """Return how far a sweep has come."""
    return msgspec.convert(sweep.position or {}, Position)


def read_page(wiring: Wiring, sweep: Sweep) -> State | None:
    """Read the next page, and store it; where there is none any more, the sweep has found all.

    Returns where the sweep is now, or None if it is no longer ours.
    """
    now = wiring.now()
    with wiring.sessions.begin() as session:
        held = sweeps.held(session, sweep.id, wiring.process_name, now)
        if held is None:
            return None
        reading = _next(session, held, now)
        if reading is None:
            held.state, held.found_all_at = State.WORKING.value, now
            return State.WORKING
        since, before = _since(session, held, reading.stream), held.position
    page = _read_unless_out_of_order(wiring, held, reading, since)
    with wiring.sessions.begin() as session:
        held = sweeps.held(session, sweep.id, wiring.process_name, wiring.now())
        if held is None:
            return None
        _store(session, held, page.rows, wiring.now())
        # Otherwise a person has asked for all of it once more.
        if held.position == before:
            held.position = msgspec.to_builtins(_moved_on(position_of(held), reading, page, wiring.process_name))
    return State.FINDING


def _read_unless_out_of_order(wiring: Wiring, sweep: Sweep, reading: Reading, since: datetime | None) -> _Page:
    """Read a page. Invoiced may refuse one to whoever has not read the page before it ("List all", 2023-06): a process
    that goes on where another died then begins the list anew.

    Raises:
        SyncError: the vendor did not answer, or refused for another reason.
    """
    try:
        return _read(wiring, sweep, reading, since)
    except RejectedError as error:
        if reading.stream is Stream.QUICKBOOKS_CUSTOMERS or reading.reader in (None, wiring.process_name):
            raise
        log.info("list read anew", sweep=sweep.id, stream=reading.stream, page=reading.page, cause=error.cause)
        return _Page([], 1, {})


def _next(session: Session, sweep: Sweep, now: datetime) -> Reading | None:
    """Return what is to be read next, None if all was."""
    if sweep.scope == Scope.SELECTION.value:
        return None
    position = position_of(sweep)
    if position.reading is not None:
        return position.reading
    for stream in _ORDER:
        if stream in position.found:
            continue
        if stream is not Stream.QUICKBOOKS_CUSTOMERS:
            return Reading(stream, 1)
        since = _since(session, sweep, stream)
        # QBO's reads are metered: between a person's wish and a gap, once a day.
        if since is None or sweep.why != "schedule" or now - since >= QUICKBOOKS_EVERY:
            reaches = since is not None and now - since <= CDC_LOOKS_BACK
            return Reading(stream, _CAPTURED if reaches else 1)
    return None


def _since(session: Session, sweep: Sweep, stream: Stream) -> datetime | None:
    """Return from when on a stream's changes are wanted; None: all that there is."""
    is_over_all = sweep.scope == Scope.EVERYTHING.value
    reached_at = None if is_over_all else cursors.find(session, sweep.connection_id, stream)
    if reached_at is None and (stream is Stream.EVENTS or (stream is Stream.QUICKBOOKS_CUSTOMERS and not is_over_all)):
        # Before the connection was made nothing was posted that could have been deleted since; and a first
        # Synchronize does not copy all of QBO's customers.
        reached_at = connections.get(session, sweep.connection_id).created_at
    return None if reached_at is None else reached_at - OVERLAP


def _moved_on(position: Position, reading: Reading, page: _Page, reader: str) -> Position:
    deletions = (*position.deletions, *(number for number in page.deletions if number not in position.deletions))
    moved = position.moved | {stream for number, stream in page.deletions.items() if number not in position.deletions}
    if page.next_page is not None:
        further = Reading(reading.stream, page.next_page, reader)
        return Position(position.found, further, deletions, moved)
    found = position.found | {reading.stream}
    if reading.stream is Stream.EVENTS and moved:
        # What was deleted while a list was read moved what came behind it, and may have hidden a record. The list is
        # read again, and then the events, until they show nothing that was deleted meanwhile.
        found, moved = found - moved - {Stream.EVENTS}, frozenset()
    return Position(found, None, deletions, moved)


def _read(wiring: Wiring, sweep: Sweep, reading: Reading, since: datetime | None) -> _Page:
    if reading.stream is Stream.QUICKBOOKS_CUSTOMERS:
        return _read_quickbooks(wiring, sweep, reading.page, since)
    invoiced = wiring.invoiced(sweep.connection_id)
    if reading.stream is Stream.EVENTS:
        assert since is not None and sweep.began_at is not None
        events = invoiced.fetch_events(int(since.timestamp()), reading.page)
        gone = [event for event in events.rows if event.type in _GONE and event.object_id is not None]
        moving_since = sweep.began_at - OVERLAP
        return _Page(
            [_Row(_LISTS[_GONE[event.type]], str(event.object_id)) for event in gone],
            reading.page + 1 if events.has_next else None,
            {event.id: _GONE[event.type] for event in gone if _instant(event.timestamp) >= moving_since},
        )
    kind = _LISTS[reading.stream]
    listed = invoiced.fetch_changed(
        reading.stream.value, None if since is None else int(since.timestamp()), reading.page
    )
    rows = [
        _Row(kind, str(row.id), row.number or row.name, None if row.updated_at is None else _instant(row.updated_at))
        for row in listed.rows
    ]
    return _Page(rows, reading.page + 1 if listed.has_next else None, {})


def _read_quickbooks(wiring: Wiring, sweep: Sweep, number: int, since: datetime | None) -> _Page:
    quickbooks = wiring.quickbooks(sweep.connection_id, bulk=True)
    if number == _CAPTURED and since is not None:
        found = quickbooks.changed_since("Customer", since)
        # It has no pages: where it is full there may be more.
        next_page = 1 if len(found) >= CDC_OBJECTS else None
    else:
        changed = f" and MetaData.LastUpdatedTime >= {quoted(since.isoformat(timespec='seconds'))}" if since else ""
        found = quickbooks.query(
            "Customer",
            f"select * from Customer where Active in (true, false){changed} orderby Id"
            f" startposition {(number - 1) * QUERY_PAGE + 1} maxresults {QUERY_PAGE}",
        )
        next_page = number + 1 if len(found) >= QUERY_PAGE else None
    with wiring.sessions() as session:
        seen = links.sync_tokens(session, sweep.connection_id, "Customer", map(qbo_id, found))
    rows = [
        _Row(Kind.QUICKBOOKS_CUSTOMER, qbo_id(customer), str(customer.get("DisplayName") or "") or None)
        for customer in found
        # What shows what we saw last is an echo: our own writes come back as changes.
        if qbo_id(customer) not in seen or customer.get("SyncToken") != seen[qbo_id(customer)]
    ]
    return _Page(rows, next_page, {})


def _store(session: Session, sweep: Sweep, rows: Iterable[_Row], now: datetime) -> None:
    """Store a page; what is known to stand as listed is unchanged, and needs no look of its own."""
    by_kind: dict[Kind, list[_Row]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row)
    for kind, of_kind in by_kind.items():
        known = records.find_many(session, sweep.connection_id, kind, [row.record_id for row in of_kind])
        same = {row.record_id for row in of_kind if _stands(sweep, row, known.get(row.record_id))}
        for unchanged in (False, True):
            found = [(kind.value, row.record_id, row.label) for row in of_kind if (row.record_id in same) is unchanged]
            sweeps.add_found(session, sweep, found, now, unchanged=unchanged)


def _stands(sweep: Sweep, row: _Row, record: Record | None) -> bool:
    if record is None or row.updated_at is None:
        return False
    well = {Outcome.SYNCED.value, Outcome.UNCHANGED.value}
    if sweep.scope != Scope.EVERYTHING.value:
        # What was skipped for a reason of ours (start date, a switch) is looked at anew only on a person's wish.
        well.add(Outcome.SKIPPED.value)
    return (
        record.outcome in well
        and record.source_updated_at == row.updated_at
        and record.next_look_at is None
        and not record.dirty
        and record.lease_owner is None
    )


def _instant(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
