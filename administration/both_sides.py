"""One record at both ends: what we know of it, what Invoiced says now, and what QuickBooks said last, or says now."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from administration.side_by_side import Row, Standing, customer_rows, invoice_rows, payment_rows
from shared.clients import Clients
from shared.config import Config
from shared.db import connections, links, records
from shared.db.models import Link, Record
from shared.db.records import RecordKey
from shared.errors import SyncError
from shared.invoiced.entities import Customer, Invoice, Payment, id_of
from shared.messages import Kind
from shared.web_addresses import OfInvoiced, in_invoiced, in_quickbooks


@dataclass(frozen=True)
class Known:
    """What our database knows of a record; `applied`: what we have applied to an invoice in QuickBooks, in its major
    units."""

    key: RecordKey
    row: Record | None
    links: list[Link]
    applied: Decimal | None
    time_zone: str
    realm_id: str


@dataclass(frozen=True)
class BothSides:
    """The two sides line by line. `why_not`: why Invoiced's is missing; `in_invoiced`: what a person can open there,
    names and addresses; `in_quickbooks`: what stands there, and where it is opened, if that is known;
    `customers_view`: the address under which its customer sees it."""

    rows: list[Row]
    currency: str | None
    in_invoiced: list[tuple[str, str]]
    in_quickbooks: list[tuple[Link, str | None]]
    customers_view: str | None
    why_not: str | None


def find_known(session: Session, key: RecordKey) -> Known | None:
    """Return what is known of a record; None if nobody has heard of it.

    Raises:
        UnknownConnectionError: there is no such connection.
    """
    row, found = records.find(session, key), find_links(session, key)
    if row is None and not found:
        return None
    connection = connections.get(session, key.connection_id)
    return Known(key, row, found, _applied(session, key, found), connection.time_zone, connection.realm_id)


def find_links(session: Session, key: RecordKey) -> list[Link]:
    """Return what stands for a record in QuickBooks; of a customer of QuickBooks, for whom it stands."""
    if key.kind is Kind.QUICKBOOKS_CUSTOMER:
        link = links.find_by_qbo_id(session, key.connection_id, "Customer", key.record_id)
        return [link] if link is not None else []
    return links.find_all(session, key)


def read_in_quickbooks(clients: Clients, known: Known) -> dict[str, Standing]:
    """Return what stands for a record in QuickBooks now, by QBO id: one metered read each.

    Raises:
        SyncError: QuickBooks refused or did not answer.
    """
    quickbooks = clients.quickbooks(known.key.connection_id)
    return {link.qbo_id: quickbooks.read(link.qbo_entity, link.qbo_id) for link in known.links}


def compare(clients: Clients, known: Known, read: Mapping[str, Standing]) -> BothSides:
    """Return both sides: Invoiced's as it is now, QuickBooks' as it was `read`, or else as it last answered us."""
    here, why_not = _in_invoiced(clients, known)
    standings = [read.get(link.qbo_id, link.standing) for link in known.links]
    url = getattr(here, "url", None)
    return BothSides(
        _rows(known, here, standings, None if read else known.applied),
        (known.row.currency if known.row else None) or getattr(here, "currency", None),
        _pages_in_invoiced(clients.config, known, here),
        [(link, _page_in_quickbooks(clients.config, known, link)) for link in known.links],
        url if url and url.startswith(("https://", "http://")) else None,
        why_not,
    )


def _in_invoiced(clients: Clients, known: Known) -> tuple[Invoice | Payment | Customer | None, str | None]:
    """Return the record as Invoiced has it now, or why it cannot be shown."""
    client, key = clients.invoiced(known.key.connection_id), known.key
    try:
        match key.kind:
            case Kind.INVOICE:
                return client.fetch_invoice(key.record_id), None
            case Kind.PAYMENT:
                return client.fetch_payment(key.record_id), None
            case Kind.CUSTOMER:
                return client.fetch_customer(key.record_id), None
            case Kind.QUICKBOOKS_CUSTOMER if known.links:
                return client.fetch_customer(known.links[0].record_id), None
    except SyncError as error:
        return None, error.cause
    return None, None


def _page_in_quickbooks(config: Config, known: Known, link: Link) -> str | None:
    return in_quickbooks(
        config.quickbooks_api_url, link.qbo_entity, link.qbo_id, known.realm_id, config.quickbooks_pages
    )


def _pages_in_invoiced(
    config: Config, known: Known, here: Invoice | Payment | Customer | None
) -> list[tuple[str, str]]:
    key = known.key
    pages: list[tuple[str, OfInvoiced, object]] = []
    match key.kind:
        case Kind.INVOICE:
            pages.append(("Invoice", OfInvoiced.INVOICE, key.record_id))
        case Kind.PAYMENT:
            pages.append(("Payment", OfInvoiced.PAYMENT, key.record_id))
        case Kind.CUSTOMER:
            pages.append(("Customer", OfInvoiced.CUSTOMER, key.record_id))
        case Kind.QUICKBOOKS_CUSTOMER if known.links:
            pages.append(("Customer", OfInvoiced.CUSTOMER, known.links[0].record_id))
    if isinstance(here, Payment):
        spent = [id_of(split.credit_note) for split in here.applied_to or ()]
        pages += [(f"Credit note #{one}", OfInvoiced.CREDIT_NOTE, one) for one in spent if one is not None]
    opened = [
        (name, in_invoiced(config.invoiced_api_url, kind, record_id, config.invoiced_pages))
        for name, kind, record_id in pages
    ]
    return [(name, address) for name, address in opened if address is not None]


def _applied(session: Session, key: RecordKey, found: list[Link]) -> Decimal | None:
    if key.kind is not Kind.INVOICE or not found:
        return None
    applied = links.applied_to(session, key.connection_id, found[0].qbo_id)
    return sum((amount for _, amount in applied), Decimal(0))


def _rows(known: Known, here: Any, standings: list[Standing], applied: Decimal | None) -> list[Row]:
    first = standings[0] if standings else None
    customer = known.row.customer_name if known.row else None
    match known.key.kind:
        case Kind.INVOICE:
            return invoice_rows(here, first, known.time_zone, customer=customer, applied=applied)
        case Kind.PAYMENT:
            return payment_rows(here, standings, known.time_zone, customer=customer)
        case Kind.CUSTOMER | Kind.QUICKBOOKS_CUSTOMER:
            return customer_rows(here, first)
        case _:
            return []
