"""How a connection fares: what its last day was like, what waits longest, and how many metered reads it used."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from shared.db.models import HistoryEntry, MeteredReads, Record
from shared.outcomes import Outcome

# Of the last day's looks that wrote, so many of the newest tell how fast they were.
_MEASURED = 5000


@dataclass(frozen=True)
class Health:
    """`p50_s` and `p95_s`: seconds from webhook to the end of the look that wrote, over the last day; None: nothing
    was written. `waiting_since`: when the record that waits longest began to, which the next three name. `reads`: this
    month's, metered."""

    p50_s: float | None
    p95_s: float | None
    waiting_since: datetime | None
    waiting_kind: str | None
    waiting_id: str | None
    waiting_label: str | None
    reads: int


def health_of(session: Session, connection_id: str, realm_id: str, now: datetime) -> Health:
    """Return how a connection fares at this moment."""
    found = session.scalars(
        sa.select(HistoryEntry.delay_ms)
        .where(
            HistoryEntry.connection_id == connection_id,
            HistoryEntry.at >= now - timedelta(days=1),
            HistoryEntry.delay_ms.is_not(None),
        )
        .order_by(HistoryEntry.at.desc())
        .limit(_MEASURED)
    )
    measured = sorted(delay for delay in found if delay is not None)
    longest = session.execute(
        sa.select(Record.outcome_at, Record.kind, Record.record_id, Record.label)
        .where(
            Record.connection_id == connection_id,
            Record.outcome == Outcome.WAITING.value,
            Record.ignored_at.is_(None),
        )
        .order_by(Record.outcome_at)
        .limit(1)
    ).first()
    since, kind, record_id, label = (None, None, None, None) if longest is None else longest
    reads = session.scalar(
        sa.select(MeteredReads.reads).where(MeteredReads.realm_id == realm_id, MeteredReads.month == _month(now))
    )
    return Health(_percentile(measured, 50), _percentile(measured, 95), since, kind, record_id, label, reads or 0)


def note_read(session: Session, realm_id: str, now: datetime) -> None:
    """Count one metered read of a QBO company in its month."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    counted = insert(MeteredReads).values(realm_id=realm_id, month=_month(now), reads=1)
    session.execute(
        counted.on_conflict_do_update(index_elements=["realm_id", "month"], set_={"reads": MeteredReads.reads + 1})
    )


def _percentile(measured: list[int], percent: int) -> float | None:
    return measured[min(len(measured) - 1, len(measured) * percent // 100)] / 1000 if measured else None


def _month(now: datetime) -> str:
    return now.strftime("%Y-%m")
