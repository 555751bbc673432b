"""What waits, runs and failed: counts and the latest records, for the page and the command line."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.models import Record
from shared.db.record_list import find_linked
from shared.outcomes import Outcome

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# Connection, kind and id of a record.
_Key = tuple[str, str, str]


@dataclass(frozen=True)
class Counts:
    """How many records are where; `by_kind` has, for each kind, the number of records by outcome.

    `due` are those that are to be looked at by themselves, now or in a moment, and do not wait for anything.
    """

    due: int
    in_work: int
    waiting: int
    outcomes: dict[str, int]
    by_kind: dict[str, dict[str, int]]


@dataclass(frozen=True)
class LatestRecord:
    """A record as its last look left it; `label` is what people call it.

    `quickbooks` names what stands for it in QBO: pairs of entity and id.
    """

    connection_id: str
    kind: str
    record_id: str
    label: str | None
    outcome: str
    cause: str | None
    remedy: str | None
    outcome_at: datetime
    quickbooks: tuple[tuple[str, str], ...]


def count_records(session: Session, now: datetime, connection_id: str | None = None) -> Counts:
    """Count the records of a connection, or of all."""
    is_leased = sa.func.coalesce(Record.lease_until > now, sa.false())
    is_waiting = sa.func.coalesce(Record.outcome == Outcome.WAITING.value, sa.false())
    # Each of the two has an index. A dirty record is leased, or was until its worker died.
    is_scheduled = sa.and_(Record.next_look_at > _LONG_AGO, Record.lease_until.is_(None))
    has_lease_run_out = Record.lease_until <= now

    def number(condition: sa.ColumnElement[bool]) -> int:
        counted = sa.select(sa.func.count()).select_from(Record).where(condition, _of(connection_id))
        return session.execute(counted).scalar_one()

    by_kind: dict[str, dict[str, int]] = {}
    grouped = sa.select(Record.kind, Record.outcome, sa.func.count()).where(Record.outcome.is_not(None))
    grouped = grouped.where(_of(connection_id)).group_by(Record.kind, Record.outcome).order_by(Record.kind)
    for kind, outcome, count in session.execute(grouped):
        by_kind.setdefault(kind, {})[str(outcome)] = count
    return Counts(
        due=number(sa.and_(is_scheduled, sa.not_(is_waiting)))
        + number(sa.and_(has_lease_run_out, sa.not_(is_waiting))),
        in_work=number(Record.lease_until > now),
        waiting=number(sa.and_(sa.not_(is_leased), Record.outcome == Outcome.WAITING.value)),
        outcomes={
            outcome.value: sum(counts.get(outcome.value, 0) for counts in by_kind.values()) for outcome in Outcome
        },
        by_kind=by_kind,
    )


def latest_records(
    session: Session, connection_id: str | None = None, *, since: datetime | None = None, limit: int = 20
) -> list[LatestRecord]:
    """Return the records that were looked at last, the newest first; with `since`, only those from then on."""
    # Columns, not whole rows: the last request and reply of a record are large.
    latest = sa.select(
        Record.connection_id,
        Record.kind,
        Record.record_id,
        Record.label,
        Record.outcome,
        Record.cause,
        Record.remedy,
        Record.outcome_at,
    ).where(Record.outcome.is_not(None), Record.outcome_at.is_not(None), _of(connection_id))
    if since is not None:
        latest = latest.where(Record.outcome_at >= since)
    latest = latest.order_by(Record.outcome_at.desc(), Record.kind, Record.record_id).limit(limit)
    found = session.execute(latest).all()
    linked = _linked(session, [(row.connection_id, row.kind, row.record_id) for row in found])
    return [
        LatestRecord(**row._mapping, quickbooks=tuple(linked.get((row.connection_id, row.kind, row.record_id), ())))
        for row in found
    ]


def _linked(session: Session, keys: list[_Key]) -> dict[_Key, list[tuple[str, str]]]:
    """Return the QBO entity and id of every link of these records."""
    linked: dict[_Key, list[tuple[str, str]]] = {}
    for connection_id in sorted({key[0] for key in keys}):
        of_connection = [(kind, record_id) for one, kind, record_id in keys if one == connection_id]
        for (kind, record_id), found in find_linked(session, connection_id, of_connection).items():
            linked[connection_id, kind, record_id] = found
    return linked


def _of(connection_id: str | None) -> sa.ColumnElement[bool]:
    return sa.true() if connection_id is None else Record.connection_id == connection_id
