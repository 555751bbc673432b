"""What Invoiced said of a record at its look, kept for the list of records. Pure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from consumer.deps import Look
from shared.errors import RejectedError
from shared.invoiced.dates import local_date
from shared.invoiced.entities import Customer, Invoice, Payment, id_of

# A look that began this long after a change has certainly seen it: both sides round and set clocks.
CLEARLY_AFTER = timedelta(seconds=10)


def learn_document(look: Look, amount: Decimal, document: Invoice | Payment, zone: str) -> None:
    """Keep the amount (in major units), currency, day, customer and version of an invoice or a payment."""
    look.customer_id = id_of(document.customer)
    look.learned |= {
        "amount": amount,
        "currency": document.currency.upper()[:3],
        "dated_on": _day(document.date, zone),
        "source_updated_at": _version(look, document.updated_at),
    }


def learn_customer(look: Look, customer: Customer) -> None:
    """Keep what a customer is called, and its version."""
    look.label = customer.number or customer.name
    look.learned |= {"customer_name": customer.name, "source_updated_at": _version(look, customer.updated_at)}


def _day(timestamp: int, zone: str) -> date | None:
    try:
        return local_date(timestamp, zone)
    except RejectedError:
        # The handler refuses such a document, and says why.
        return None


def _version(look: Look, updated_at: int | None) -> datetime | None:
    """Return which version the look has seen; None if another change in the same second may have come after it."""
    if updated_at is None or look.row.looked_at is None:
        return None
    changed_at = datetime.fromtimestamp(updated_at, UTC)
    return changed_at if look.row.looked_at - changed_at >= CLEARLY_AFTER else None
