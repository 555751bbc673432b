"""Takes a first look at a connection: reads Invoiced's lists, 100 at a time, and writes nothing.

A large account has many hundred pages, so it is taken in steps: each goes on where the one before stopped, in whatever
process. What a whole look has counted is kept, so that whoever presses Synchronize for the first time has seen it.
"""

import hashlib
import time
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
from shared.invoiced.client import InvoicedClient
from shared.messages import Kind
from shared.money import encode_json
from shared.settings import preferences_from_document, settings_from_document

# Invoiced goes on meanwhile: what was counted longer ago is counted anew.
GOOD_FOR = timedelta(hours=1)
# A step that comes later than this after the one before begins anew.
_GOES_ON_FOR = timedelta(minutes=10)
_KEPT_AS, _BEGUN_AS = "first-look", "first-look-begun"


class SeenLook(NamedTuple):
    """A whole look that is still true, and when it was made."""

    counted: Counted
    at: datetime

    @property
    def name(self) -> str:
        """What tells it from any other look at the connection."""
        return self.at.isoformat()


class Reading(NamedTuple):
    """How far a look is: the page of a list (`invoices`, then `payments`) that comes next. `read` documents were read,
    `before` of them in the list before; `total` is the length of this list, None if Invoiced has not told it."""

    plural: str = "invoices"
    page: int = 1
    read: int = 0
    before: int = 0
    total: int | None = None

    @property
    def read_of_list(self) -> int:
        """How many documents of this list were read."""
        return self.read - self.before


def go_on(clients: Clients, connection_id: str, *, for_s: float) -> Reading | SeenLook:
    """Read on for about so many seconds, at least a page; return how far the look is then, or the whole.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: Invoiced refused or did not answer: the next call goes on where this one began. Or a setting was
            changed meanwhile: the next one begins anew.
    """
    stops_at_s = time.monotonic() + for_s
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        terms, look = _terms(row), _look(session, row)
        reading = Reading()
        begun = kept_answers.find(session, connection_id, _BEGUN_AS)
        if begun is not None and begun.answer["terms"] == terms and clients.now() - begun.at <= _GOES_ON_FOR:
            look.go_on(begun.answer["found"])
            reading = Reading(**begun.answer["reading"])
    further = _read_on(clients.invoiced(connection_id), look, reading, stops_at_s)
    now = clients.now()
    with clients.sessions.begin() as session:
        if _terms(connections.get_locked(session, connection_id)) != terms:
            raise RejectedError("A setting was changed while it was counted.", remedy="Count again.")
        if further is not None:
            answer = {"terms": terms, "reading": further._asdict(), "found": look.begun()}
            kept_answers.keep(session, connection_id, _BEGUN_AS, answer, now)
            return further
        kept_answers.forget(session, connection_id, _BEGUN_AS)
        kept_answers.keep(session, connection_id, _KEPT_AS, {"terms": terms, "counted": look.counted().document()}, now)
        return SeenLook(look.counted(), now)


def _read_on(invoiced: InvoicedClient, look: FirstLook, reading: Reading, stops_at_s: float) -> Reading | None:
    """Read pages until it is time to stop; return which one comes next, None after the last one."""
    while True:
        page = invoiced.fetch_outlines(reading.plural, reading.page)
        if reading.plural == "invoices":
            look.add_invoices(page.rows)
        else:
            look.add_payments(page.rows)
        if page.has_next:
            reading = Reading(reading.plural, reading.page + 1, look.read, reading.before, page.total)
        elif reading.plural == "invoices":
            reading = Reading("payments", 1, look.read, look.read)
        else:
            return None
        if time.monotonic() >= stops_at_s:
            return reading


def count_again(session: Session, connection_id: str) -> None:
    """Forget what was counted: the next step begins a look anew."""
    for name in (_KEPT_AS, _BEGUN_AS):
        kept_answers.forget(session, connection_id, name)


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


def _look(session: Session, row: Connection) -> FirstLook:
    home_currency = preferences_from_document(row.preferences).home_currency
    terms = Terms(settings_from_document(row.settings), ZoneInfo(row.time_zone), row.start_date, home_currency)
    return FirstLook(
        terms,
        _linked(session, row.id, Kind.INVOICE),
        _linked(session, row.id, Kind.PAYMENT),
        _linked(session, row.id, Kind.CUSTOMER),
    )


def _terms(row: Connection) -> str:
    """Return a digest of all that an admin chose, and of which company it is for."""
    chosen = (row.realm_id, row.settings, row.time_zone, row.start_date, row.preferences.get("home_currency"))
    return hashlib.sha256(encode_json(chosen).encode()).hexdigest()


def _linked(session: Session, connection_id: str, kind: Kind) -> frozenset[int]:
    rows = session.scalars(
        sa.select(Link.record_id).where(Link.connection_id == connection_id, Link.kind == kind.value).distinct()
    )
    return frozenset(int(record_id) for record_id in rows)
