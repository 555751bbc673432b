"""Leases, outcomes and due times of records: one writer a record, across all processes and threads.

Every function is one step of a short transaction of its caller; none is open while a vendor is called.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from shared import causes
from shared.db.models import Record
from shared.messages import Kind, Message, Why
from shared.outcomes import RELEASING, WAITS_FOR_RECONNECT, Outcome, Settlement

LEASE_S = 45
# Events that follow a look within this time share the next one: a burst costs two looks.
BURST_S = 1.5
# A due record that was published is published again after this time, should the message get lost.
REPUBLISH_S = 120
# A record that failed so often in a row is not tried again because another one was written.
TRIES_FOR_ANOTHER = 3


@dataclass(frozen=True)
class RecordKey:
    """Names one record of one connection."""

    connection_id: str
    kind: Kind
    record_id: str

    @property
    def name(self) -> str:
        """`kind:id`, as in `waiting_for`."""
        return f"{self.kind.value}:{self.record_id}"


def key_of(message: Message) -> RecordKey:
    """Return the key of the record that a message is about."""
    return RecordKey(message.connection_id, message.kind, message.record_id)


def find(session: Session, key: RecordKey) -> Record | None:
    """Return the record's row, or None if nobody has heard of it yet."""
    return session.get(Record, (key.connection_id, key.kind.value, key.record_id))


def find_many(session: Session, connection_id: str, kind: Kind, record_ids: Iterable[str]) -> dict[str, Record]:
    """Return those of these records that somebody has heard of, by id."""
    chosen = sa.select(Record).where(
        Record.connection_id == connection_id, Record.kind == kind.value, Record.record_id.in_(list(record_ids))
    )
    return {row.record_id: row for row in session.scalars(chosen)}


def find_of_customer(session: Session, connection_id: str, customer_id: int) -> list[RecordKey]:
    """Return the invoices and payments that were of a customer of Invoiced when they were last looked at."""
    rows = session.execute(
        sa.select(Record.kind, Record.record_id).where(
            Record.connection_id == connection_id, Record.customer_id == customer_id
        )
    )
    return [RecordKey(connection_id, Kind(kind), record_id) for kind, record_id in rows]


def admit(session: Session, message: Message, owner: str, now: datetime) -> Record | None:
    """Decide what a message means for its record: the leased row if `owner` is to look at it now, else None.

    None: the record is in work (it is now dirty, and looked at once more afterwards), or it was looked at a moment
    ago (it is due in a moment, together with whatever else the burst brings).
    """
    row = _locked(session, key_of(message), now)
    row.last_event_id = message.event_id or row.last_event_id
    row.asked_by_person = row.asked_by_person or message.why is Why.MANUAL
    if _is_leased(row, now):
        row.dirty = True
        return None
    if message.why is Why.RETRY and row.next_look_at is None:
        # It was published twice, being long in the queue, and has been looked at since.
        return None
    if message.why in (Why.WEBHOOK, Why.SWEEP):
        due_at = _end_of_burst(row, message, now)
        if due_at > now:
            row.next_look_at = min(row.next_look_at or due_at, due_at)
            return None
    _take(row, owner, now)
    return row


def claim(session: Session, key: RecordKey, owner: str, now: datetime, label: str | None = None) -> Record | None:
    """Lease the record to `owner`, or return None if somebody else has it. `label` is what people call it."""
    row = _locked(session, key, now)
    if _is_leased(row, now):
        return None
    row.label = label or row.label
    # Whoever takes the record for a purpose of its own leaves the look that is due to be made afterwards.
    is_due = row.dirty or (row.next_look_at is not None and row.outcome != Outcome.WAITING.value)
    _take(row, owner, now)
    row.dirty = is_due
    return row


def finish(
    session: Session,
    key: RecordKey,
    owner: str,
    settlement: Settlement,
    now: datetime,
    *,
    releases: bool = False,
    **known: Any,
) -> bool:
    """Store how a look ended and give the lease back, both in this transaction; False if the lease was lost.

    A record that became dirty meanwhile is due at the end of its burst. `known` sets further columns (`label`,
    `amount`, …). Unless this record waits or failed, or if `releases`, the records that waited for it are due.
    """
    row = _locked(session, key, now)
    if row.lease_owner != owner:
        return False
    row.outcome = settlement.outcome.value
    row.outcome_at = now
    row.cause = settlement.cause or None
    row.remedy = settlement.remedy or None
    row.code = settlement.code
    row.detail = settlement.detail
    row.setting = settlement.setting
    row.versions = settlement.versions
    row.waiting_for = settlement.waiting_for
    row.next_look_at = settlement.next_look_at
    row.attempts = settlement.attempts
    row.cause_group = causes.group_of(settlement)
    if _is_over(row.cause_group, row.ignored_cause):
        row.ignored_at = row.ignored_by = row.ignored_cause = None
    if settlement.waiting_for and settlement.next_look_at is None and _settled_meanwhile(session, key, row):
        # What it waits for succeeded between our look and this transaction: nobody else will release it.
        row.next_look_at = now + timedelta(seconds=1)
    if row.dirty:
        due_at = (row.looked_at or now) + timedelta(seconds=BURST_S)
        row.next_look_at = min(row.next_look_at or due_at, due_at)
    elif settlement.outcome is not Outcome.WAITING:
        row.asked_by_person = False
    for column, value in known.items():
        setattr(row, column, value)
    row.dirty = False
    row.lease_owner = None
    row.lease_until = None
    session.flush()
    if releases or settlement.outcome in RELEASING:
        release_waiting(session, key.connection_id, key.name, now)
    return True


def renew(session: Session, owners: Iterable[str], now: datetime) -> None:
    """Prolong every lease that these owners hold."""
    session.execute(
        sa.update(Record)
        .where(Record.lease_owner.in_(list(owners)))
        .values(lease_until=now + timedelta(seconds=LEASE_S))
    )


def holds_lease(session: Session, key: RecordKey, owner: str, now: datetime) -> bool:
    """Tell whether `owner` still holds the record; locks the row, so that the answer stays true in this transaction."""
    row = _locked(session, key, now)
    return row.lease_owner == owner and _is_leased(row, now)


def is_in_work(session: Session, key: RecordKey, now: datetime) -> bool:
    """Tell whether anybody holds the record; locks the row, so that the answer stays true in this transaction."""
    return _is_leased(_locked(session, key, now), now)


def remember_closing(session: Session, key: RecordKey, closed_at: datetime | None) -> None:
    """Store when the invoice was first seen closed as bad debt, or that it is open again."""
    session.execute(
        sa.update(Record)
        .where(
            Record.connection_id == key.connection_id,
            Record.kind == key.kind.value,
            Record.record_id == key.record_id,
        )
        .values(closed_at=closed_at)
    )


def request_look(session: Session, key: RecordKey, at: datetime, *, asked_by_person: bool = False) -> None:
    """Have somebody look at the record at that time; one in work is looked at once more afterwards."""
    row = _locked(session, key, at)
    row.asked_by_person = row.asked_by_person or asked_by_person
    if _is_leased(row, at):
        row.dirty = True
    else:
        row.next_look_at = min(row.next_look_at or at, at)


def look_again(session: Session, keys: Iterable[RecordKey], owner: str, now: datetime) -> None:
    """Have records looked at that did not agree, or that somebody else is comparing at this moment."""
    for key in sorted(set(keys), key=lambda key: key.name):
        row = _locked(session, key, now)
        if _is_leased(row, now):
            row.dirty = row.dirty or row.lease_owner != owner
        elif is_doubtful(row):
            row.next_look_at = min(row.next_look_at or now, now)


def look_again_for_cause(session: Session, connection_id: str, cause_group: str, now: datetime) -> None:
    """Have records looked at that failed for a cause which may be gone for some of them."""
    failed = sa.select(Record.kind, Record.record_id).where(
        Record.connection_id == connection_id,
        Record.outcome == Outcome.FAILED.value,
        Record.cause_group == cause_group,
    )
    keys = [RecordKey(connection_id, Kind(kind), record_id) for kind, record_id in session.execute(failed)]
    for key in sorted(keys, key=lambda key: key.name):
        request_look(session, key, now)


def is_doubtful(row: Record) -> bool:
    """Tell whether a record may end otherwise now that another one was written.

    One that failed some times in a row does not: an invoice that QuickBooks refuses to move has its payments taken
    off and applied anew each time, and they would have it looked at again for ever.
    """
    if row.outcome == Outcome.FAILED:
        return row.attempts < TRIES_FOR_ANOTHER
    return row.outcome in (Outcome.MISMATCH, Outcome.WAITING)


def release_waiting(session: Session, connection_id: str, waiting_for: str, now: datetime) -> None:
    """Make every record due that waits for `waiting_for`."""
    session.execute(
        sa.update(Record)
        .where(Record.connection_id == connection_id, Record.waiting_for == waiting_for)
        # A record that waits for another has its own way of noticing what settled meanwhile.
        .values(next_look_at=now, dirty=Record.dirty if ":" in waiting_for else _once_more(now))
    )


def release_reconnected(session: Session, connection_id: str, now: datetime) -> None:
    """Make every record due that waited for somebody to reconnect."""
    release_waiting(session, connection_id, WAITS_FOR_RECONNECT, now)


def release_kept_back(
    session: Session,
    connection_id: str,
    now: datetime,
    *,
    settings: Iterable[str] = (),
    kinds: Iterable[Kind] = (),
    cause_groups: Iterable[str] = (),
) -> None:
    """Make records due whose cause may be gone: what a setting (QBO's or ours) has kept back, wholly or in part, and
    what failed of some kinds, or for some causes (`shared.causes`)."""
    has_failed = Record.outcome == Outcome.FAILED.value
    session.execute(
        sa.update(Record)
        .where(
            Record.connection_id == connection_id,
            sa.or_(
                Record.setting.in_(list(settings)),
                sa.and_(has_failed, Record.kind.in_([kind.value for kind in kinds])),
                sa.and_(has_failed, Record.cause_group.in_(list(cause_groups))),
            ),
        )
        .values(next_look_at=now, dirty=_once_more(now), asked_by_person=True)
        .execution_options(synchronize_session=False)
    )


def is_waited_for(session: Session, key: RecordKey) -> bool:
    """Tell whether any record waits for this one."""
    waiting = sa.select(Record.record_id).where(
        Record.connection_id == key.connection_id, Record.waiting_for == key.name
    )
    return session.execute(waiting.limit(1)).first() is not None


def take_due(session: Session, now: datetime, limit: int = 100) -> list[RecordKey]:
    """Return records that are due or whose worker died, and put their next publication off meanwhile."""
    is_due = sa.or_(
        sa.and_(Record.next_look_at <= now, sa.or_(Record.lease_owner.is_(None), Record.lease_until < now)),
        sa.and_(Record.lease_until < now, Record.next_look_at.is_(None)),
    )
    rows = session.scalars(
        sa.select(Record).where(is_due).order_by(Record.next_look_at).limit(limit).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.next_look_at = now + timedelta(seconds=REPUBLISH_S)
    return [RecordKey(row.connection_id, Kind(row.kind), row.record_id) for row in rows]


def put_back(session: Session, taken_at: datetime) -> None:
    """Have the records due again that were taken then and could not be published; not those looked at meanwhile."""
    session.execute(
        sa.update(Record)
        .where(Record.next_look_at == taken_at + timedelta(seconds=REPUBLISH_S))
        .values(next_look_at=taken_at)
    )


def _locked(session: Session, key: RecordKey, now: datetime) -> Record:
    """Return the record's row, made if need be, locked until the transaction ends."""
    by_key = (
        sa.select(Record)
        .where(
            Record.connection_id == key.connection_id,
            Record.kind == key.kind.value,
            Record.record_id == key.record_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = session.scalars(by_key).one_or_none()
    if row is not None:
        return row
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    session.execute(
        insert(Record)
        .values(
            connection_id=key.connection_id,
            kind=key.kind.value,
            record_id=key.record_id,
            dirty=False,
            asked_by_person=False,
            attempts=0,
            first_seen_at=now,
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(by_key).one()


def _is_over(cause_group: str | None, ignored_cause: str | None) -> bool:
    """Tell whether a record is ignored no longer: it is well again, or fails for another cause than the ignored one."""
    return cause_group is None or (causes.needs_person(cause_group) and cause_group != ignored_cause)


def _once_more(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a record that is released has to be looked at once more after the look that is under way: that one began
    before the release, and stores its own next time."""
    is_leased = sa.and_(Record.lease_owner.is_not(None), sa.func.coalesce(Record.lease_until > now, sa.false()))
    return sa.or_(Record.dirty, is_leased)


def _is_leased(row: Record, now: datetime) -> bool:
    return row.lease_owner is not None and row.lease_until is not None and row.lease_until > now


def _take(row: Record, owner: str, now: datetime) -> None:
    row.lease_owner = owner
    row.lease_until = now + timedelta(seconds=LEASE_S)
    row.dirty = False
    row.looked_at = now
    row.next_look_at = None


def _end_of_burst(row: Record, message: Message, now: datetime) -> datetime:
    burst = timedelta(seconds=BURST_S)
    if message.kind is Kind.QUICKBOOKS_CUSTOMER:
        # Reads of QuickBooks are metered: even the first event of a burst waits for the others.
        return now + burst
    return row.looked_at + burst if row.looked_at else now


def _settled_meanwhile(session: Session, key: RecordKey, waiting: Record) -> bool:
    """Tell whether what a record waits for has settled since its look began, or may be settling at this moment (its
    row is locked: waiting for the lock could be for ever, since its holder wants the rows of those who wait)."""
    kind, separator, record_id = (waiting.waiting_for or "").partition(":")
    if not separator:
        return False
    row = session.scalars(
        sa.select(Record)
        .where(Record.connection_id == key.connection_id, Record.kind == kind, Record.record_id == record_id)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return True
    if row.lease_owner is not None or row.outcome not in RELEASING or row.outcome_at is None:
        return False
    return waiting.looked_at is None or row.outcome_at >= waiting.looked_at
