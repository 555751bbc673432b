"""Invoiced's objects as they come over the wire: what we read of them, amounts as exact Decimals.

Keys that we do not know are passed over, since fields are added without notice; nearly everything may be null.
Timestamps are Unix seconds. Source: Invoiced API reference (invoices, customers, payments, credit notes).
"""

from decimal import Decimal
from typing import Any

from msgspec import Struct

# A relation is an id, or the whole object where it was expanded.
Relation = int | dict[str, Any]


def id_of(relation: Relation | None) -> int | None:
    """Return the id of a related object, however it was sent."""
    if isinstance(relation, dict):
        value = relation.get("id")
        return value if isinstance(value, int) else None
    return relation


class TaxRate(Struct, frozen=True):
    """The rate behind a billed tax; `inclusive` rates are part of the line's price."""

    name: str | None = None
    inclusive: bool | None = None


class Tax(Struct, frozen=True):
    """A billed tax, of one line or of the whole invoice; the amount is in major units."""

    amount: Decimal
    tax_rate: TaxRate | None = None

    @property
    def is_inclusive(self) -> bool:
        """The price holds this tax already."""
        return self.tax_rate is not None and bool(self.tax_rate.inclusive)


class Discount(Struct, frozen=True):
    """A discount given, of one line or of the whole invoice; a positive amount lowers the total."""

    amount: Decimal


class LineItem(Struct, frozen=True):
    """One line of an invoice; `amount` is as billed, before discounts and exclusive taxes."""

    amount: Decimal
    id: int | None = None
    name: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_cost: Decimal | None = None
    taxable: bool | None = True
    discounts: tuple[Discount, ...] | None = ()
    taxes: tuple[Tax, ...] | None = ()


class Invoice(Struct, frozen=True):
    """An invoice. `total` and `balance` are in major units of `currency` (lower case ISO code)."""

    id: int
    number: str
    currency: str
    date: int
    total: Decimal
    balance: Decimal
    customer: Relation | None = None
    draft: bool = False
    closed: bool = False
    paid: bool = False
    status: str | None = None
    due_date: int | None = None
    items: tuple[LineItem, ...] | None = ()
    subtotal: Decimal | None = None
    discounts: tuple[Discount, ...] | None = ()
    taxes: tuple[Tax, ...] | None = ()
    updated_at: int | None = None
    # Where people open it.
    url: str | None = None

    @property
    def is_voided(self) -> bool:
        """The invoice was taken back."""
        return self.status == "voided"

    @property
    def is_bad_debt(self) -> bool:
        """Closed before it was paid in full."""
        return self.closed and not (self.paid or self.draft or self.is_voided)


class Charge(Struct, frozen=True):
    """The card or bank charge behind a payment."""

    status: str | None = None
    failure_message: str | None = None


class Split(Struct, frozen=True):
    """What part of a payment went where. Types: invoice, estimate, credit_note, convenience_fee, credit,
    applied_credit; the last but one add to, the last spends, the customer's credit balance."""

    type: str
    amount: Decimal
    invoice: Relation | None = None
    credit_note: Relation | None = None
    document_type: str | None = None


class Payment(Struct, frozen=True):
    """A payment with its splits (`include=applied_to`)."""

    id: int
    date: int
    currency: str
    amount: Decimal
    customer: Relation | None = None
    voided: bool = False
    method: str | None = None
    reference: str | None = None
    notes: str | None = None
    charge: Charge | None = None
    applied_to: tuple[Split, ...] | None = ()
    updated_at: int | None = None


class Customer(Struct, frozen=True):
    """A customer of the Invoiced account."""

    id: int
    name: str
    number: str | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    attention_to: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    active: bool | None = True
    metadata: dict[str, Any] | list[Any] | None = None
    updated_at: int | None = None
    # Whoever pays for it, if not it itself.
    parent_customer: Relation | None = None


class CreditNote(Struct, frozen=True):
    """A credit note; only its number is shown, until credit notes are synced."""

    id: int
    number: str | None = None


class Listed(Struct, frozen=True):
    """What a list shows of a customer, invoice or payment, as far as a sweep needs it."""

    id: int
    updated_at: int | None = None
    number: str | None = None
    name: str | None = None


class Outline(Struct, frozen=True):
    """What a list shows of an invoice or a payment, as far as a first look needs it: `total` of an invoice, `amount`
    of a payment, in major units of `currency`."""

    id: int
    date: int | None = None
    currency: str | None = None
    customer: Relation | None = None
    draft: bool | None = False
    status: str | None = None
    voided: bool | None = False
    total: Decimal | None = None
    amount: Decimal | None = None
    charge: Charge | None = None
    applied_to: tuple[Split, ...] | None = ()


class AccountingSync(Struct, frozen=True):
    """What Invoiced's own integrations say of a record; empty where none has synced it."""

    accounting_system: str | None = None
    accounting_id: str | None = None
    last_synced: int | str | None = None


class EventData(Struct, frozen=True):
    """The object of an event, as it was."""

    object: dict[str, Any] | None = None


class Event(Struct, frozen=True):
    """What happened to an object; `timestamp` is in Unix seconds."""

    id: int
    type: str
    timestamp: int
    data: EventData | None = None

    @property
    def object_id(self) -> int | None:
        """The id of the object that the event is about."""
        return id_of(self.data.object) if self.data is not None else None
