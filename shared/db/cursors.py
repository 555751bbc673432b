"""How far each stream of changes has been swept."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from shared.db.models import Cursor


class Stream(StrEnum):
    """Where changes come from: Invoiced's lists, its events (deletions and mergers), and QBO's customers."""

    CUSTOMERS = "customers"
    INVOICES = "invoices"
    PAYMENTS = "payments"
    EVENTS = "events"
    QUICKBOOKS_CUSTOMERS = "quickbooks-customers"


def find(session: Session, connection_id: str, stream: Stream) -> datetime | None:
    """Return the instant up to which every change has been looked at, None if none has."""
    row = session.get(Cursor, (connection_id, stream.value))
    return row.reached_at if row is not None else None


def move(session: Session, connection_id: str, stream: Stream, reached_at: datetime) -> None:
    """Move the cursor on; it never goes back."""
    row = session.get(Cursor, (connection_id, stream.value), with_for_update=True)
    if row is None:
        session.add(Cursor(connection_id=connection_id, stream=stream.value, reached_at=reached_at))
    elif reached_at > row.reached_at:
        row.reached_at = reached_at
