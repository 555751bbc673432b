"""Writes whose answer is not recorded yet, stored before the call is made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.db.links import LinkKey
from shared.db.models import PendingWrite
from shared.db.records import RecordKey
from shared.messages import Kind


def add(
    session: Session,
    key: LinkKey,
    write: dict[str, Any],
    *,
    request_id: str,
    batch_item_id: str | None,
    now: datetime,
) -> PendingWrite:
    """Store a write that is about to be sent; a second one for the same link is refused by the database."""
    pending = PendingWrite(
        connection_id=key.record.connection_id,
        kind=key.record.kind.value,
        record_id=key.record.record_id,
        role=key.role,
        variant=key.variant,
        write=write,
        request_id=request_id,
        batch_item_id=batch_item_id,
        sent_at=now,
    )
    session.add(pending)
    session.flush()
    return pending


def find_all(session: Session, record: RecordKey) -> list[PendingWrite]:
    """Return the record's writes without a recorded answer, oldest first."""
    return list(
        session.scalars(
            sa.select(PendingWrite)
            .where(
                PendingWrite.connection_id == record.connection_id,
                PendingWrite.kind == record.kind.value,
                PendingWrite.record_id == record.record_id,
            )
            .order_by(PendingWrite.id)
        )
    )


def find_of_kind(session: Session, connection_id: str, kind: Kind) -> list[PendingWrite]:
    """Return all writes of one kind of record without a recorded answer, oldest first."""
    return list(
        session.scalars(
            sa.select(PendingWrite)
            .where(PendingWrite.connection_id == connection_id, PendingWrite.kind == kind.value)
            .order_by(PendingWrite.id)
        )
    )


def find_batch(session: Session, connection_id: str, request_id: str) -> list[PendingWrite]:
    """Return all writes of one batch in the order in which they were sent."""
    return list(
        session.scalars(
            sa.select(PendingWrite)
            .where(PendingWrite.connection_id == connection_id, PendingWrite.request_id == request_id)
            .order_by(PendingWrite.id)
        )
    )


def take(session: Session, pending: PendingWrite) -> bool:
    """Forget a write in order to record its answer; False if somebody else has done so."""
    taken = session.execute(sa.delete(PendingWrite).where(PendingWrite.id == pending.id).returning(PendingWrite.id))
    return taken.first() is not None


def delete(session: Session, pendings: Sequence[PendingWrite]) -> None:
    """Forget writes whose answer is recorded (or which certainly never arrived)."""
    session.execute(sa.delete(PendingWrite).where(PendingWrite.id.in_([pending.id for pending in pendings])))


def key_of(pending: PendingWrite) -> LinkKey:
    """Return the key of the link that the write makes or changes."""
    record = RecordKey(pending.connection_id, Kind(pending.kind), pending.record_id)
    return LinkKey(record, pending.role, pending.variant)
