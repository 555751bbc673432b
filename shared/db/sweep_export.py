"""The records of a sweep that did not end well, as rows of a table, for a spreadsheet or a program."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from shared.db import sweeps
from shared.db.models import SweepRecord
from shared.db.session import Sessions

HEADER = ("kind", "id", "number", "outcome", "cause", "remedy", "at")
_AT_A_TIME = 1000


def find_all(sessions: Sessions, sweep_id: int) -> Iterator[SweepRecord]:
    """Yield the records of a sweep that did not end well, by kind and id; read page by page, each in a transaction of
    its own."""
    after = ("", "")
    while True:
        place = sa.tuple_(SweepRecord.kind, SweepRecord.record_id)
        left = sa.select(SweepRecord).where(
            SweepRecord.sweep_id == sweep_id, sweeps.did_not_end_well(), place > sa.tuple_(*map(sa.literal, after))
        )
        with sessions() as session:
            page = session.scalars(left.order_by(SweepRecord.kind, SweepRecord.record_id).limit(_AT_A_TIME)).all()
        yield from page
        if len(page) < _AT_A_TIME:
            return
        after = (page[-1].kind, page[-1].record_id)


def row_of(record: SweepRecord) -> tuple[Any, ...]:
    """Return a record as a row under `HEADER`."""
    return (
        record.kind,
        record.record_id,
        record.label,
        record.outcome,
        record.cause,
        record.remedy,
        record.settled_at,
    )


def document_of(record: SweepRecord) -> dict[str, Any]:
    """Return a record as a JSON document."""
    return {
        "connection": record.connection_id,
        "kind": record.kind,
        "id": record.record_id,
        "label": record.label,
        "outcome": record.outcome,
        "cause": record.cause,
        "remedy": record.remedy,
        "at": record.settled_at,
    }
