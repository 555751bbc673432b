"""Gathers what a check of a connection needs to know: QBO's preferences, what the settings name, Invoiced's word.

Reads of QuickBooks are metered, so what the vendors say is kept for a while.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from administration import setting_values, take_first_look
from administration.change_settings import values_of
from administration.preflight import Facts, Unusable
from administration.quickbooks_lists import find_inactive
from administration.setting_values import LISTED, TITLES
from shared.clients import Clients
from shared.db import connections, kept_answers, links, record_list, records
from shared.db.kept_answers import Kept
from shared.db.models import Connection, Record
from shared.db.records import RecordKey
from shared.errors import NotFoundError
from shared.invoiced.client import InvoicedClient
from shared.messages import PREFERENCES_ID, Kind
from shared.quickbooks.client import QuickBooksClient
from shared.settings import preferences_from_document

KEPT_FOR = timedelta(minutes=10)
_KEPT_AS = "check-up"
# What the sync makes or finds by name in QuickBooks; no webhook tells when it is made inactive.
_POSTED_WITH = {"Account": "account", "Item": "item", "TaxCode": "tax code"}
# What QuickBooks adds to the name of what is made inactive.
_DELETED = " (deleted)"
_NOTHING_OF_INVOICED: dict[str, Any] = {"currencies": [], "built_in_sync": None}


class CheckUp(NamedTuple):
    """The facts of a connection; the vendors were asked for their part of them at `at`."""

    facts: Facts
    at: datetime


def look_up(clients: Clients, connection_id: str) -> CheckUp:
    """Return the facts of a connection. The vendors' part is what they said up to `KEPT_FOR` ago, if nothing that it
    was asked for has changed since; else both are asked.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: a side refused or did not answer.
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        kept = kept_answers.find(session, connection_id, _KEPT_AS)
        if kept is not None and _is_fresh(clients, row, kept):
            return CheckUp(_facts(clients, session, row, kept.answer), kept.at)
    return gather(clients, connection_id)


def gather(clients: Clients, connection_id: str) -> CheckUp:
    """Return the facts of a connection as they are now, and keep them: five reads of QuickBooks, one more for
    each account, code or item that the settings name, and two of Invoiced.

    Where QuickBooks' preferences are others than those that the sync knows, it reads them itself in a moment.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: a side refused or did not answer.
    """
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        values, asked = values_of(row), _asked(clients, row)
        posted_with = {entity: links.ids_of(session, connection_id, entity) for entity in _POSTED_WITH}
        latest = _latest_invoice(session, connection_id)
    quickbooks = clients.quickbooks(connection_id)
    preferences = quickbooks.read_company()
    unusable = [
        problem
        for name in LISTED
        for object_id in setting_values.ids_in(name, values[name])
        if (problem := _why_unusable(quickbooks, name, object_id)) is not None
    ]
    answer = {
        "asked": asked,
        "preferences": connections.document_of(preferences),
        "unusable": [vars(problem) for problem in unusable],
        "inactive": [
            f"{word} {name.removesuffix(_DELETED)}"
            for entity, word in _POSTED_WITH.items()
            for object_id, name in find_inactive(quickbooks, entity).items()
            if object_id in posted_with[entity]
        ],
        **(_of_invoiced(clients.invoiced(connection_id), latest) if asked["key"] else _NOTHING_OF_INVOICED),
    }
    now = clients.now()
    with clients.sessions.begin() as session:
        row = connections.get(session, connection_id)
        kept_answers.keep(session, connection_id, _KEPT_AS, answer, now)
        if not row.preferences or preferences_from_document(row.preferences) != preferences:
            key = RecordKey(connection_id, Kind.QUICKBOOKS_PREFERENCES, PREFERENCES_ID)
            records.request_look(session, key, now, asked_by_person=True)
        return CheckUp(_facts(clients, session, row, answer), now)


def _is_fresh(clients: Clients, row: Connection, kept: Kept) -> bool:
    is_older_than_news = row.preferences_read_at is not None and kept.at < row.preferences_read_at
    is_old = clients.now() - kept.at > KEPT_FOR
    return not is_old and not is_older_than_news and bool(kept.answer["asked"] == _asked(clients, row))


def _asked(clients: Clients, row: Connection) -> dict[str, Any]:
    """Return what the vendors' answers depend on: the ids that the settings name, and whether there is a key."""
    values = values_of(row)
    return {
        "ids": {name: ids for name in LISTED if (ids := setting_values.ids_in(name, values[name]))},
        "key": connections.has_invoiced_key(row, clients.vault),
    }


def _facts(clients: Clients, session: Session, row: Connection, answer: dict[str, Any]) -> Facts:
    preferences = preferences_from_document(answer["preferences"])
    # Before the first Synchronize nobody has looked at a record: only lists tell.
    counted = take_first_look.currencies(session, row.id)
    currencies = {*record_list.currencies(session, row.id), *counted, *answer["currencies"]}
    sharing = connections.find_with_same_key(session, clients.vault, row)
    return Facts(
        preferences=preferences,
        start_date=row.start_date,
        foreign_currencies=tuple(sorted(currencies - {preferences.home_currency})),
        unusable=tuple(Unusable(**problem) for problem in answer["unusable"]),
        inactive=answer["inactive"],
        built_in_sync=answer["built_in_sync"],
        has_invoiced_key=connections.has_invoiced_key(row, clients.vault),
        shares_key_with=sharing.name if sharing is not None else None,
        invoiced_webhook_seen=row.invoiced_webhook_at is not None,
    )


def _latest_invoice(session: Session, connection_id: str) -> str | None:
    known = sa.select(Record.record_id).where(
        Record.connection_id == connection_id, Record.kind == Kind.INVOICE.value, Record.outcome_at.is_not(None)
    )
    return session.scalar(known.order_by(Record.outcome_at.desc()).limit(1))


def _why_unusable(quickbooks: QuickBooksClient, name: str, object_id: str) -> Unusable | None:
    entity = LISTED[name].entity
    try:
        found = quickbooks.read(entity, object_id)
    except NotFoundError:
        return Unusable(TITLES[name], f"{entity} {object_id}", "It does not exist in QuickBooks any more.")
    if found.get("Active") is False:
        shown = str(found.get("FullyQualifiedName") or found.get("Name") or object_id)
        return Unusable(TITLES[name], shown, "It is inactive in QuickBooks.")
    return None


def _of_invoiced(invoiced: InvoicedClient, latest: str | None) -> dict[str, Any]:
    """Return the currencies of a page of invoices, and the accounting system that Invoiced has synced an invoice to by
    itself: the one looked at last, else one of the page."""
    page = invoiced.fetch_outlines("invoices", 1).rows
    known = latest or (str(page[0].id) if page else None)
    return {
        "currencies": sorted({one.currency.upper() for one in page if one.currency}),
        "built_in_sync": _built_in_sync(invoiced, known) if known else None,
    }


def _built_in_sync(invoiced: InvoicedClient, invoice_id: str) -> str | None:
    try:
        return invoiced.fetch_accounting_sync(invoice_id).accounting_system
    except NotFoundError:
        return None
