"""The records of a sweep that did not end well, as rows of a table, for a spreadsheet or a program."""

from typing import Any

from shared.db.models import SweepRecord

HEADER = ("kind", "id", "number", "outcome", "cause", "remedy", "at")


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
