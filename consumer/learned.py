"""What Invoiced said of a record at its look, kept for the list of records. Pure."""

from datetime import UTC, datetime
from decimal import Decimal

from consumer.deps import Look
from shared.invoiced.entities import Customer, Invoice, Payment, id_of


def learn_document(look: Look, amount: Decimal, document: Invoice | Payment) -> None:
    """Keep the amount (in major units), currency, customer and version of an invoice or a payment."""
    look.customer_id = id_of(document.customer)
    look.learned |= {
        "amount": amount,
        "currency": document.currency.upper()[:3],
        "source_updated_at": _instant(document.updated_at),
    }


def learn_customer(look: Look, customer: Customer) -> None:
    """Keep what a customer is called, and its version."""
    look.label = customer.number or customer.name
    look.learned |= {"customer_name": customer.name, "source_updated_at": _instant(customer.updated_at)}


def _instant(timestamp: int | None) -> datetime | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
