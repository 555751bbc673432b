"""Gathers what a check of a connection needs to know: QBO's preferences, what the settings name, Invoiced's word."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared import setting_values
from shared.change_settings import values_of
from shared.clients import Clients
from shared.db import connections
from shared.db.models import Record
from shared.errors import NotFoundError
from shared.invoiced.client import InvoicedClient
from shared.messages import Kind
from shared.preflight import Facts, Unusable
from shared.quickbooks.client import QuickBooksClient
from shared.setting_values import LISTED, TITLES


def gather(clients: Clients, connection_id: str) -> Facts:
    """Return the facts of a connection as they are now: two reads of QuickBooks, one more for each account, code or
    item that the settings name, and one of Invoiced.

    Raises:
        UnknownConnectionError: there is no such connection.
        SyncError: a side refused or did not answer.
    """
    quickbooks = clients.quickbooks(connection_id)
    preferences = quickbooks.read_company()
    with clients.sessions() as session:
        row = connections.get(session, connection_id)
        values = values_of(row)
        currencies = _currencies(session, connection_id) - {preferences.home_currency}
        latest = _latest_invoice(session, connection_id)
        has_key = bool(connections.invoiced_api_key(row, clients.vault))
        webhook_seen = row.invoiced_webhook_at is not None
    return Facts(
        preferences=preferences,
        start_date=values["start_date"],
        foreign_currencies=tuple(sorted(currencies)),
        unusable=tuple(
            problem
            for name in LISTED
            for object_id in setting_values.ids_in(name, values[name])
            if (problem := _why_unusable(quickbooks, name, object_id)) is not None
        ),
        built_in_sync=_built_in_sync(clients.invoiced(connection_id), latest) if has_key else None,
        has_invoiced_key=has_key,
        invoiced_webhook_seen=webhook_seen,
    )


def _currencies(session: Session, connection_id: str) -> set[str]:
    known = sa.select(Record.currency).where(Record.connection_id == connection_id, Record.currency.is_not(None))
    return {str(currency) for currency in session.scalars(known.distinct())}


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


def _built_in_sync(invoiced: InvoicedClient, latest: str | None) -> str | None:
    """Return the accounting system that Invoiced has synced an invoice to by itself: the one looked at last, else the
    first of its list. None where it says nothing."""
    if latest is None:
        first = next(invoiced.list_outlines("invoices"), [])
        latest = str(first[0].id) if first else None
    if latest is None:
        return None
    try:
        return invoiced.fetch_accounting_sync(latest).accounting_system
    except NotFoundError:
        return None
