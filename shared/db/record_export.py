"""Records as rows of a table, for a spreadsheet or a program."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from shared.db import record_list
from shared.db.record_list import ListedRecord, Search
from shared.db.session import Sessions

HEADER = (
    "kind",
    "id",
    "number",
    "customer",
    "amount",
    "currency",
    "date",
    "outcome",
    "at",
    "cause",
    "remedy",
    "cause_group",
    "waiting_for",
    "ignored_at",
    "ignored_by",
    "quickbooks",
)
_NAMED_APART = ("connection_id", "kind", "record_id", "quickbooks")
_AT_A_TIME = 1000


def find_all(sessions: Sessions, connection_id: str, search: Search) -> Iterator[ListedRecord]:
    """Yield every record that a search finds, the newest first; read page by page, each in a transaction of its own."""
    after: str | None = None
    while True:
        with sessions() as session:
            page = record_list.find(session, connection_id, search, after=after, limit=_AT_A_TIME)
        yield from page.records
        after = page.next_page
        if after is None:
            return


def row_of(record: ListedRecord) -> tuple[Any, ...]:
    """Return a record as a row under `HEADER`."""
    return (
        record.kind,
        record.record_id,
        record.label,
        record.customer_name,
        record.amount,
        record.currency,
        record.dated_on,
        record.outcome or record_list.NOT_LOOKED_AT,
        record.shown_at,
        record.cause,
        record.remedy,
        record.cause_group,
        record.waiting_for,
        record.ignored_at,
        record.ignored_by,
        ", ".join(f"{entity} {qbo_id}" for entity, qbo_id in record.quickbooks),
    )


def document_of(record: ListedRecord) -> dict[str, Any]:
    """Return a record as a JSON document; other documents name a record by the same three fields."""
    named = {"connection": record.connection_id, "kind": record.kind, "id": record.record_id}
    known = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in _NAMED_APART}
    return {**named, **known, "quickbooks": [{"entity": entity, "id": qbo_id} for entity, qbo_id in record.quickbooks]}
