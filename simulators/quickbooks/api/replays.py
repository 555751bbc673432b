"""`requestid`: a repeated request gets the original response and writes nothing.

Source: Intuit, "Learn REST API features" and its blog of 2015-04-06; lengths: 50, and 36 for a batch.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company

LONGEST, LONGEST_OF_BATCH, LONGEST_BATCH_ITEM = 50, 36, 10
_KEPT = "_replay"


def check_request_id(request_id: str, *, batch_items: list[str] | None = None) -> None:
    """Raises: Refusal 2130, the id (or with a batch, one of its item ids) is too long."""
    limit = LONGEST if batch_items is None else LONGEST_OF_BATCH
    if len(request_id) > limit:
        raise refusals.invalid_request_id(f"The request ID must not be longer than {limit} characters.")
    if any(len(item) > LONGEST_BATCH_ITEM for item in batch_items or ()):
        raise refusals.invalid_request_id(
            f"With a request ID, a batch item ID must not be longer than {LONGEST_BATCH_ITEM} characters."
        )


def find_replay(company: Company, request_id: str, asked: str | None) -> tuple[int, Any] | None:
    """Return status and body of the first answer under that id, if it is still remembered.

    `asked` tells one request from another; None where it cannot be told.

    Raises:
        Refusal: 600 by switch, what was asked for under that id was something else.
    """
    kept = company.kept.get(_KEPT, request_id)
    if kept is None:
        return None
    hours = company.switches.requestid_hours
    if hours and datetime.fromisoformat(kept["at"]) + timedelta(hours=hours) < company.now():
        return None
    if company.switches.requestid_of_one_body and asked is not None and kept.get("asked") not in (None, asked):
        raise refusals.duplicate_request_id(request_id)
    return kept["status"], kept["body"]


def keep_replay(company: Company, request_id: str, asked: str | None, status: int, body: Any) -> None:
    kept = {"at": company.now().isoformat(), "asked": asked, "status": status, "body": body}
    company.kept.put(_KEPT, request_id, kept)
