"""Sweeps: asked for by a person or the clock, carried out by a consumer, remembered for whoever asks what happened.

A sweep is a row. Whoever wants one adds it; a consumer takes it under a lease, finds what may have been missed, queues
it, and the records' own looks tell the sweep how they ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from shared.db import connections, records
from shared.db.models import Record, Sweep, SweepRecord
from shared.db.records import RecordKey
from shared.errors import RejectedError
from shared.messages import Kind
from shared.outcomes import WAITS_FOR_START, Outcome, Settlement

LEASE_S = 60
# Messages of a sweep of which nothing was heard for so long are taken for lost.
LOST_AFTER = timedelta(minutes=10)


class Scope(StrEnum):
    """Over what a sweep goes: what changed since the last one, everything, or chosen records."""

    CATCH_UP = "catch-up"
    EVERYTHING = "everything"
    SELECTION = "selection"


class State(StrEnum):
    """Where a sweep is: asked for, listing what there is, waiting for the looks, and how it ended."""

    ASKED = "asked"
    FINDING = "finding"
    WORKING = "working"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


RUNNING = (State.ASKED.value, State.FINDING.value, State.WORKING.value)
ENDED = (State.DONE.value, State.CANCELLED.value, State.FAILED.value)
# What is kept of each record when a sweep has ended; the others are kept as numbers.
_WELL = (Outcome.SYNCED.value, Outcome.UNCHANGED.value, Outcome.SKIPPED.value)


@dataclass(frozen=True)
class Progress:
    """How far a sweep is. `outcomes` counts the settled records by outcome; `per_minute` and `ends_at` are estimates
    from what has been done so far, None while there is nothing to estimate from (the end: until all is found)."""

    found: int
    done: int
    outcomes: Mapping[str, int]
    found_all: bool
    per_minute: float | None = None
    ends_at: datetime | None = None


def request(
    session: Session,
    connection_id: str,
    scope: Scope,
    why: str,
    now: datetime,
    *,
    asked_by: str | None = None,
    selection: Iterable[RecordKey] = (),
) -> Sweep:
    """Ask for a sweep; where one runs already, that one is returned: two of one connection never overlap.

    `why` is `person`, `schedule` or `gap`; one that the clock asked for becomes that of whoever asks next. Asked by a
    person, it also lets a connection post that never did.

    Raises:
        RejectedError: a sweep with another aim runs, or the connection is disconnected.
        UnknownConnectionError: there is no such connection.
    """
    row = connections.get_locked(session, connection_id)
    if row.state == connections.DISCONNECTED:
        raise RejectedError("QuickBooks is disconnected.", remedy="Reconnect it first; then synchronize.")
    # Locked: a consumer may be ending it at this moment, or taking it past the listing.
    locked = _running(connection_id).with_for_update().execution_options(populate_existing=True)
    running = session.scalars(locked).first()
    if running is not None:
        if scope is Scope(running.scope) is not Scope.SELECTION:
            if running.why == "schedule" != why:
                _take_over(running, why, asked_by)
            return running
        raise RejectedError(
            f"A sync that was asked for at {running.asked_at:%Y-%m-%d %H:%M} UTC is still running.",
            remedy="Wait for its end, or cancel it.",
        )
    if scope is Scope.SELECTION and row.started_at is None:
        raise RejectedError("Nothing is posted before the first Synchronize.", remedy="See what would be posted first.")
    if why == "person" and connections.start(session, connection_id, now):
        records.release_waiting(session, connection_id, WAITS_FOR_START, now)
    sweep = Sweep(
        connection_id=connection_id,
        scope=scope.value,
        why=why,
        asked_by=asked_by,
        state=State.ASKED.value,
        asked_at=now,
    )
    session.add(sweep)
    session.flush()
    add_found(session, sweep, [(key.kind.value, key.record_id, None) for key in selection], now)
    return sweep


def _take_over(running: Sweep, why: str, asked_by: str | None) -> None:
    """Let a sweep of the clock be one that a person, or a gap, asked for: QuickBooks' side is listed as well, and for a
    person all the rest once more, since something may have changed after it was listed."""
    running.why, running.asked_by = why, asked_by
    if why == "person":
        running.position = None
    if running.state == State.WORKING.value:
        running.state, running.found_all_at = State.FINDING.value, None


def find_running(session: Session, connection_id: str) -> Sweep | None:
    """Return the sweep of a connection that has not ended, or None."""
    return session.scalars(_running(connection_id)).first()


def _running(connection_id: str) -> sa.Select[Sweep]:
    return sa.select(Sweep).where(Sweep.connection_id == connection_id, Sweep.state.in_(RUNNING)).order_by(Sweep.id)


def find(session: Session, connection_id: str, sweep_id: int) -> Sweep | None:
    """Return a sweep of a connection, or None."""
    sweep = session.get(Sweep, sweep_id)
    return sweep if sweep is not None and sweep.connection_id == connection_id else None


def get(session: Session, connection_id: str, sweep_id: int) -> Sweep:
    """Return a sweep of a connection.

    Raises:
        RejectedError: there is none of that number.
    """
    sweep = find(session, connection_id, sweep_id)
    if sweep is None:
        raise RejectedError(f"There is no sync number {sweep_id}.", remedy="List the past syncs to see their numbers.")
    return sweep


def list_latest(
    session: Session,
    connection_id: str,
    *,
    states: Iterable[str] = (),
    why: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Sweep]:
    """Return the sweeps of a connection, the newest first; filtered by state and reason, older than `before_id`."""
    chosen = sa.select(Sweep).where(Sweep.connection_id == connection_id)
    wanted = list(states)
    if wanted:
        chosen = chosen.where(Sweep.state.in_(wanted))
    if why:
        chosen = chosen.where(Sweep.why == why)
    if before_id is not None:
        chosen = chosen.where(Sweep.id < before_id)
    return list(session.scalars(chosen.order_by(Sweep.id.desc()).limit(limit)))


def cancel(session: Session, sweep: Sweep, now: datetime) -> None:
    """End a sweep that runs: what it found and nobody has looked at yet is let go. One that has ended stays so."""
    locked = session.get(Sweep, sweep.id, with_for_update=True, populate_existing=True)
    if locked is not None and locked.state in RUNNING:
        _end(session, locked, State.CANCELLED, now)


def progress(session: Session, sweep: Sweep, now: datetime) -> Progress:
    """Return how far a sweep is, or how it ended."""
    if sweep.counts is not None:
        counts = dict(sweep.counts)
        found = int(counts.pop("found", 0))
        return Progress(found, sum(counts.values()), counts, found_all=sweep.found_all_at is not None)
    outcomes, open_ones = _count(session, sweep.id)
    done = sum(outcomes.values())
    per_minute = ends_at = None
    if sweep.began_at is not None and done and now > sweep.began_at:
        per_minute = done / ((now - sweep.began_at) / timedelta(minutes=1))
        if sweep.found_all_at is not None:
            ends_at = now + timedelta(minutes=open_ones / per_minute)
    return Progress(done + open_ones, done, outcomes, sweep.found_all_at is not None, per_minute, ends_at)


def records_of(session: Session, sweep_id: int, *, limit: int | None = None) -> list[SweepRecord]:
    """Return the records that a sweep still remembers, those that did not end well first by outcome and name; of a
    sweep that has ended these are all that did not end well."""
    chosen = (
        sa.select(SweepRecord)
        .where(SweepRecord.sweep_id == sweep_id, did_not_end_well())
        .order_by(SweepRecord.outcome, SweepRecord.kind, SweepRecord.label, SweepRecord.record_id)
    )
    return list(session.scalars(chosen.limit(limit) if limit is not None else chosen))


def did_not_end_well() -> sa.ColumnElement[bool]:
    """Return the condition for the records that a sweep still remembers."""
    return sa.or_(SweepRecord.outcome.is_(None), SweepRecord.outcome.not_in(_WELL))


# The consumer's part.


def take(session: Session, owner: str, now: datetime, after_id: int = 0) -> Sweep | None:
    """Lease the next sweep that nobody else has in hand (asked for, or left by an owner that died); None if there is
    none with an id above `after_id`."""
    sweep = session.scalars(
        sa.select(Sweep)
        .where(
            Sweep.id > after_id,
            Sweep.state.in_(RUNNING),
            sa.or_(Sweep.lease_until.is_(None), Sweep.lease_until < now, Sweep.lease_owner == owner),
        )
        .order_by(Sweep.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).first()
    if sweep is None:
        return None
    if sweep.lease_owner not in (None, owner):
        # It died, perhaps before what it had marked was published. What is in the queue twice is looked at once.
        session.execute(_outstanding_again(sweep.id))
    sweep.lease_owner, sweep.lease_until = owner, now + timedelta(seconds=LEASE_S)
    sweep.began_at = sweep.began_at or now
    if sweep.state == State.ASKED.value:
        sweep.state = State.FINDING.value
    return sweep


def held(session: Session, sweep_id: int, owner: str, now: datetime) -> Sweep | None:
    """Return the sweep, its lease renewed, locked until the transaction ends; None if it was cancelled or somebody
    else has it by now."""
    sweep = session.get(Sweep, sweep_id, with_for_update=True, populate_existing=True)
    if sweep is None or sweep.state not in RUNNING or sweep.lease_owner != owner:
        return None
    sweep.lease_until = now + timedelta(seconds=LEASE_S)
    return sweep


def add_found(
    session: Session,
    sweep: Sweep,
    found: Iterable[tuple[str, str, str | None]],
    now: datetime,
    *,
    unchanged: bool = False,
) -> None:
    """Add records to a sweep (kind, id, what people call it), each once. `unchanged`: a page of a list has shown that
    there is nothing to look at."""
    rows = {(kind, record_id): label for kind, record_id, label in found}
    if not rows:
        return
    fresh: list[dict[str, Any]] = [
        {
            "sweep_id": sweep.id,
            "connection_id": sweep.connection_id,
            "kind": kind,
            "record_id": record_id,
            "label": label,
            "outcome": Outcome.UNCHANGED.value if unchanged else None,
            "settled_at": now if unchanged else None,
        }
        for (kind, record_id), label in rows.items()
    ]
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    session.execute(insert(SweepRecord).on_conflict_do_nothing(), fresh)


def add_known(session: Session, sweep: Sweep, conditions: Iterable[sa.ColumnElement[bool]]) -> None:
    """Add the records that we know of and that meet conditions to a sweep that has none yet."""
    known = sa.select(sa.literal(sweep.id), Record.connection_id, Record.kind, Record.record_id, Record.label).where(
        Record.connection_id == sweep.connection_id, *conditions
    )
    columns = ["sweep_id", "connection_id", "kind", "record_id", "label"]
    session.execute(sa.insert(SweepRecord).from_select(columns, known))


def not_queued(session: Session, sweep_id: int, limit: int) -> list[RecordKey]:
    """Return records that were found and are not queued yet, in the order in which they depend on each other."""
    found: list[RecordKey] = []
    # One kind after the other, each as its index has it: of many thousands only those that are wanted are read.
    for kind in sorted(Kind, key=lambda kind: _ORDER.index(kind) if kind in _ORDER else len(_ORDER)):
        rows = session.execute(
            sa.select(SweepRecord.connection_id, SweepRecord.record_id)
            .where(*_is_not_queued(sweep_id), SweepRecord.kind == kind.value)
            .order_by(sa.func.length(SweepRecord.record_id), SweepRecord.record_id)
            .limit(limit - len(found))
        )
        found += [RecordKey(connection_id, kind, record_id) for connection_id, record_id in rows]
        if len(found) == limit:
            break
    return found


def mark_queued(session: Session, sweep_id: int, keys: Iterable[RecordKey], now: datetime | None) -> None:
    """Remember since when the broker holds the messages of these records; None: it does not after all."""
    # By kind and not as pairs: PostgreSQL would compare those one by one with every record of the sweep.
    ids: dict[Kind, list[str]] = {}
    for key in keys:
        ids.setdefault(key.kind, []).append(key.record_id)
    for kind, of_kind in ids.items():
        session.execute(
            sa.update(SweepRecord)
            .where(SweepRecord.sweep_id == sweep_id, SweepRecord.kind == kind.value, SweepRecord.record_id.in_(of_kind))
            .values(queued_at=now)
        )


def is_wanted(session: Session, key: RecordKey) -> bool:
    """Tell whether a sweep that runs still waits for this record: the message of one that was cancelled is dropped."""
    waiting = (
        sa.select(SweepRecord.sweep_id)
        .join(Sweep, Sweep.id == SweepRecord.sweep_id)
        .where(*_is_open(key), Sweep.state.in_(RUNNING))
    )
    return session.execute(waiting.limit(1)).first() is not None


def count_outstanding(session: Session, sweep_id: int) -> int:
    """Return how many records are queued and not looked at yet."""
    return session.execute(sa.select(sa.func.count()).where(*_is_outstanding(sweep_id))).scalar_one()


def queue_again(session: Session, sweep: Sweep, now: datetime) -> None:
    """Queue once more what was queued long ago while nothing of the sweep was looked at: its messages are lost."""
    last_queued = session.scalar(sa.select(sa.func.max(SweepRecord.queued_at)).where(*_is_outstanding(sweep.id)))
    if last_queued is None or now - last_queued <= LOST_AFTER:
        return
    # Over all records of the sweep, and so only where it matters.
    last_settled = session.scalar(
        sa.select(sa.func.max(SweepRecord.settled_at)).where(SweepRecord.sweep_id == sweep.id)
    )
    if last_settled is None or now - last_settled > LOST_AFTER:
        session.execute(_outstanding_again(sweep.id))


def _outstanding_again(sweep_id: int) -> sa.Update:
    return sa.update(SweepRecord).where(*_is_outstanding(sweep_id)).values(queued_at=None)


def settle_record(session: Session, key: RecordKey, settlement: Settlement, label: str | None, now: datetime) -> None:
    """Tell the sweeps that wait for a record how its look ended, in the transaction that stores the outcome."""
    values: dict[str, Any] = {
        "outcome": settlement.outcome.value,
        "cause": settlement.cause or None,
        "remedy": settlement.remedy or None,
        "settled_at": now,
    }
    if label is not None:
        values["label"] = label
    running = sa.select(Sweep.id).where(Sweep.connection_id == key.connection_id, Sweep.state.in_(RUNNING))
    session.execute(
        sa.update(SweepRecord)
        .where(*_is_open(key), SweepRecord.queued_at.is_not(None), SweepRecord.sweep_id.in_(running))
        .values(**values)
    )


def end_if_done(session: Session, sweep: Sweep, now: datetime) -> bool:
    """End a sweep that has found all there is and whose records are all settled; tell whether it has ended."""
    if sweep.state != State.WORKING.value:
        return False
    for is_left in (_is_outstanding(sweep.id), _is_not_queued(sweep.id)):
        if session.execute(sa.select(SweepRecord.record_id).where(*is_left).limit(1)).first() is not None:
            return False
    _end(session, sweep, State.DONE, now)
    return True


def fail(session: Session, sweep: Sweep, cause: str, now: datetime) -> None:
    """End a sweep that cannot go on; `cause` says why, and what to do."""
    sweep.cause = cause
    _end(session, sweep, State.FAILED, now)


# Customers before what is billed to them, invoices before what pays them.
_ORDER = (Kind.CUSTOMER, Kind.QUICKBOOKS_CUSTOMER, Kind.INVOICE, Kind.PAYMENT)


def _end(session: Session, sweep: Sweep, state: State, now: datetime) -> None:
    outcomes, open_ones = _count(session, sweep.id)
    sweep.counts = {**outcomes, "found": sum(outcomes.values()) + open_ones}
    sweep.state, sweep.ended_at = state.value, now
    sweep.lease_owner = sweep.lease_until = None
    session.execute(
        sa.delete(SweepRecord).where(
            SweepRecord.sweep_id == sweep.id, sa.or_(SweepRecord.outcome.in_(_WELL), SweepRecord.outcome.is_(None))
        )
    )


def _count(session: Session, sweep_id: int) -> tuple[dict[str, int], int]:
    """Return the records by outcome, and how many have none yet."""
    rows = session.execute(
        sa.select(SweepRecord.outcome, sa.func.count())
        .where(SweepRecord.sweep_id == sweep_id)
        .group_by(SweepRecord.outcome)
    ).all()
    outcomes = {str(outcome): number for outcome, number in rows if outcome is not None}
    return outcomes, sum(number for outcome, number in rows if outcome is None)


# Each has an index of its own, of those records alone.
def _is_not_queued(sweep_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return SweepRecord.sweep_id == sweep_id, SweepRecord.queued_at.is_(None), SweepRecord.outcome.is_(None)


def _is_outstanding(sweep_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return SweepRecord.sweep_id == sweep_id, SweepRecord.queued_at.is_not(None), SweepRecord.outcome.is_(None)


def _is_open(key: RecordKey) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        SweepRecord.connection_id == key.connection_id,
        SweepRecord.kind == key.kind.value,
        SweepRecord.record_id == key.record_id,
        # One that waits goes on by itself: how it ends counts, while the sweep runs.
        sa.or_(SweepRecord.outcome.is_(None), SweepRecord.outcome == Outcome.WAITING.value),
    )
