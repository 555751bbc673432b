"""What happened to each record: looks that ended, calls to QuickBooks, and what people did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import HistoryEntry
from shared.db.records import RecordKey
from shared.messages import Kind
from shared.money import encode_json

LOOK, CALL, PERSON = "look", "call", "person"

# Of a very long request or reply (a search with a thousand objects) only the beginning is kept.
LONGEST_BODY = 20_000
# A look calls QuickBooks a few times; of one that calls very often, the last calls are kept.
CALLS_OF_A_LOOK = 30


@dataclass(frozen=True)
class Call:
    """One call to QuickBooks as it went over the wire, without tokens; `request` and `reply` are JSON documents."""

    at: datetime
    request: dict[str, Any]
    reply: dict[str, Any]
    intuit_tid: str | None


def add(session: Session, entries: Iterable[dict[str, Any]]) -> None:
    """Insert entries, given by their columns, in one statement."""
    rows = [_complete(entry) for entry in entries]
    if rows:
        session.execute(sa.insert(HistoryEntry), rows)


def of_record(key: RecordKey, at: datetime, what: str, **columns: Any) -> dict[str, Any]:
    """Return the columns of one entry."""
    return {
        "connection_id": key.connection_id,
        "kind": key.kind.value,
        "record_id": key.record_id,
        "at": at,
        "what": what,
        **columns,
    }


def of_call(key: RecordKey, call: Call) -> dict[str, Any]:
    """Return the columns of the entry of a call."""
    return of_record(
        key,
        call.at,
        CALL,
        request=_shortened(call.request),
        reply=_shortened(call.reply),
        intuit_tid=call.intuit_tid,
    )


def find(session: Session, key: RecordKey, *, before: int | None = None, limit: int = 100) -> list[HistoryEntry]:
    """Return a record's entries, the newest first; `before`: only those older than the entry of this id."""
    wanted = _of(key)
    if before is not None:
        wanted = wanted.where(HistoryEntry.id < before)
    return list(session.scalars(wanted.order_by(HistoryEntry.id.desc()).limit(limit)))


def find_last_call(session: Session, key: RecordKey) -> HistoryEntry | None:
    """Return the last call that was made for a record, or None."""
    return session.scalars(
        _of(key).where(HistoryEntry.what == CALL).order_by(HistoryEntry.id.desc()).limit(1)
    ).one_or_none()


def prune(session: Session, now: datetime, *, days: int, entries_per_record: int, limit: int = 1000) -> int:
    """Delete entries that are too old, and the oldest of records that have too many; return how many.

    One call deletes at most about `limit` of each, so that the transaction stays short.
    """
    too_old = sa.select(HistoryEntry.id).where(HistoryEntry.at < now - timedelta(days=days)).limit(limit)
    ids = list(session.scalars(too_old))
    crowded = (
        sa.select(HistoryEntry.connection_id, HistoryEntry.kind, HistoryEntry.record_id)
        .group_by(HistoryEntry.connection_id, HistoryEntry.kind, HistoryEntry.record_id)
        .having(sa.func.count() > entries_per_record)
        .limit(20)
    )
    for connection_id, kind, record_id in session.execute(crowded).all():
        surplus = (
            sa.select(HistoryEntry.id)
            .where(
                HistoryEntry.connection_id == connection_id,
                HistoryEntry.kind == kind,
                HistoryEntry.record_id == record_id,
            )
            .order_by(HistoryEntry.id.desc())
            .offset(entries_per_record)
            .limit(limit)
        )
        ids += session.scalars(surplus)
    for start in range(0, len(ids), 500):
        session.execute(sa.delete(HistoryEntry).where(HistoryEntry.id.in_(ids[start : start + 500])))
    return len(ids)


def key_of(entry: HistoryEntry) -> RecordKey:
    """Return the key of the record that an entry is about."""
    return RecordKey(entry.connection_id, Kind(entry.kind), entry.record_id)


def _of(key: RecordKey) -> sa.Select[HistoryEntry]:
    return sa.select(HistoryEntry).where(
        HistoryEntry.connection_id == key.connection_id,
        HistoryEntry.kind == key.kind.value,
        HistoryEntry.record_id == key.record_id,
    )


def _complete(entry: dict[str, Any]) -> dict[str, Any]:
    # All rows of one statement name the same columns.
    columns = HistoryEntry.__table__.columns.keys()
    return {name: entry.get(name) for name in columns if name != "id"}


def _shortened(document: dict[str, Any]) -> dict[str, Any]:
    body = document.get("body")
    text = encode_json(body)
    if len(text) <= LONGEST_BODY:
        return document
    return {**document, "body": f"{text[:LONGEST_BODY]} … ({len(text)} characters, shortened)"}
