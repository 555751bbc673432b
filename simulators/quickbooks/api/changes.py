"""Change data capture: everything of some entities that changed since a moment.

Source: Intuit, "Change data capture": 30 days back, 1,000 objects an answer, deleted ones as stubs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import DELETED, HIDDEN, ZONE, Company, instant
from simulators.quickbooks.operations import READABLE
from simulators.quickbooks.shown import shown

LOOK_BACK = timedelta(days=30)
MOST = 1000
# Sorts behind every moment.
_LAST = "~"
_NOT_COVERED = frozenset({"TaxAgency", "TaxCode", "TaxRate", "ExchangeRate"})


def answer_changes(company: Company, entities: str, changed_since: str) -> list[dict[str, Any]]:
    """Return the value of `CDCResponse`: one group an entity, in the order asked for.

    Raises:
        Refusal: an entity that is not covered, or a moment that is none or too long ago.
    """
    since = _since(company, changed_since)
    groups: list[dict[str, Any]] = []
    left = MOST
    for asked in entities.split(","):
        entity = next((name for name in READABLE if name.lower() == asked.strip().lower()), None)
        if entity is None or entity in _NOT_COVERED:
            raise refusals.unsupported_operation(f"Operation cdc on {asked.strip()} is not supported.")
        rows = _changed(company, entity, since, left)
        left -= len(rows)
        groups.append({entity: rows, "startPosition": 1, "maxResults": len(rows)} if rows else {})
    return [{"QueryResponse": groups}]


def _since(company: Company, text: str) -> str:
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        raise refusals.Refusal([refusals.invalid_date("changedSince", text)]) from None
    if since.tzinfo is None:
        since = since.replace(tzinfo=ZONE)
    earliest = company.now() - LOOK_BACK
    if since < earliest and company.switches.cdc_cuts_to_30_days:
        return instant(earliest)
    if since < earliest:
        raise refusals.query_not_valid("changedSince should be within the last 30 days.")
    return instant(since)


def _changed(company: Company, entity: str, since: str, most: int) -> list[dict[str, Any]]:
    """Changed objects and stubs of deleted ones, oldest change first, `most` of them."""
    kept = company.kept
    rows = [
        (item[HIDDEN]["changed"], shown(company, entity, item))
        for item in kept.find_after(entity, "changed", since, most)
    ]
    stubs = (id for _, ids in kept.ids_between(DELETED, "changed", (entity, since), (entity, _LAST)) for id in ids)
    rows += [
        (
            stub["changed"],
            {"domain": "QBO", "status": "Deleted", "Id": stub["Id"], "MetaData": {"LastUpdatedTime": stub["at"]}},
        )
        for stub in kept.read(DELETED, islice(stubs, most))
    ]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])[:most]]
