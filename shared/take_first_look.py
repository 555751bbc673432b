"""Takes a first look at a connection: reads Invoiced's lists, 100 at a time, and writes nothing."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.clients import Clients
from shared.db import connections
from shared.db.models import Link
from shared.first_look import FirstLook, Terms
from shared.messages import Kind
from shared.settings import preferences_from_document, settings_from_document


def take_first_look(clients: Clients, connection_id: str) -> Iterator[FirstLook]:
    """Yield the same look after every page, until all is counted; only the last state is the whole.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: Invoiced refused or did not answer.
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        preferences = preferences_from_document(row.preferences)
        look = FirstLook(
            Terms(
                settings_from_document(row.settings), ZoneInfo(row.time_zone), row.start_date, preferences.home_currency
            ),
            _linked(session, connection_id, Kind.INVOICE),
            _linked(session, connection_id, Kind.PAYMENT),
            _linked(session, connection_id, Kind.CUSTOMER),
        )
    invoiced = clients.invoiced(connection_id)
    for page in invoiced.list_outlines("invoices"):
        look.add_invoices(page)
        yield look
    for page in invoiced.list_outlines("payments"):
        look.add_payments(page)
        yield look


def _linked(session: Session, connection_id: str, kind: Kind) -> frozenset[int]:
    rows = session.scalars(
        sa.select(Link.record_id).where(Link.connection_id == connection_id, Link.kind == kind.value).distinct()
    )
    return frozenset(int(record_id) for record_id in rows)
