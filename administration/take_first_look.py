"""Takes a first look at a connection: reads Invoiced's lists, 100 at a time, and writes nothing. What a whole look has
counted is kept, so that whoever presses Synchronize for the first time has seen it."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from administration import first_look
from administration.first_look import Counted, FirstLook, Terms
from shared.clients import Clients
from shared.db import connections, kept_answers
from shared.db.models import Connection, Link
from shared.errors import RejectedError
from shared.messages import Kind
from shared.money import encode_json
from shared.settings import preferences_from_document, settings_from_document

# Invoiced goes on meanwhile: what was counted longer ago is counted anew.
GOOD_FOR = timedelta(hours=1)
_KEPT_AS = "first-look"


class SeenLook(NamedTuple):
    """A whole look that is still true, and when it was made."""

    counted: Counted
    at: datetime

    @property
    def name(self) -> str:
        """What tells it from any other look at the connection."""
        return self.at.isoformat()


def take_first_look(clients: Clients, connection_id: str) -> Iterator[FirstLook]:
    """Yield the same look after every page, until all is counted; only the last state is the whole, and is kept.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: Invoiced refused or did not answer, or a setting was changed meanwhile.
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        terms = _terms(row)
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
    with clients.sessions.begin() as session:
        if _terms(connections.get_locked(session, connection_id)) != terms:
            raise RejectedError("A setting was changed while it was counted.", remedy="Count again.")
        answer = {"terms": terms, "counted": look.counted().document()}
        kept_answers.keep(session, connection_id, _KEPT_AS, answer, clients.now())


def find_seen(session: Session, row: Connection, now: datetime) -> SeenLook | None:
    """Return the last whole look at a connection, if it was made lately and under today's settings."""
    kept = kept_answers.find(session, row.id, _KEPT_AS)
    if kept is None or now - kept.at > GOOD_FOR or kept.answer["terms"] != _terms(row):
        return None
    return SeenLook(first_look.from_document(kept.answer["counted"]), kept.at)


def currencies(session: Session, connection_id: str) -> set[str]:
    """Return the currencies of all documents that the last whole look has counted, whatever has changed since."""
    kept = kept_answers.find(session, connection_id, _KEPT_AS)
    return set() if kept is None else set(first_look.from_document(kept.answer["counted"]).currencies)


def _terms(row: Connection) -> str:
    """Return a digest of all that an admin chose, and of which company it is for."""
    chosen = (row.realm_id, row.settings, row.time_zone, row.start_date, row.preferences.get("home_currency"))
    return hashlib.sha256(encode_json(chosen).encode()).hexdigest()


def _linked(session: Session, connection_id: str, kind: Kind) -> frozenset[int]:
    rows = session.scalars(
        sa.select(Link.record_id).where(Link.connection_id == connection_id, Link.kind == kind.value).distinct()
    )
    return frozenset(int(record_id) for record_id in rows)
