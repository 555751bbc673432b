"""One record at both ends, line by line, with the amounts compared. Pure: it is given what is known of either side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from shared.errors import RejectedError
from shared.invoiced.dates import due_date, local_date
from shared.invoiced.entities import Customer, Invoice, Payment
from shared.quickbooks.entities import amount, ref_value

# What is compared is shown as the same or as different; all else is only shown. A bad debt stays open in Invoiced; in
# QuickBooks a credit memo settles it, as it is meant to.
SAME, DIFFERENT, WRITTEN_OFF = "same", "different", "written off"

Standing = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One thing as either side says it: a text, a date, an amount or nothing. `verdict`: `SAME`, `DIFFERENT`,
    `WRITTEN_OFF`, or None where the two are not compared."""

    name: str
    invoiced: str | date | Decimal | None
    quickbooks: str | date | Decimal | None
    verdict: str | None = None


def invoice_rows(
    invoice: Invoice | None,
    standing: Standing | None,
    zone: str,
    *,
    customer: str | None = None,
    applied: Decimal | None = None,
) -> list[Row]:
    """Return an invoice at both ends; `zone` is that of the account, `customer` the name in Invoiced.

    `applied`: what we have applied to it in QuickBooks, where `standing` is the answer to our last write, whose balance
    may have changed since.
    """
    theirs = standing or {}
    total, balance = _amount(theirs, "TotalAmt"), _amount(theirs, "Balance")
    if applied is not None and total is not None:
        balance = total - applied
    tax = theirs.get("TxnTaxDetail")
    rows = [
        Row("Number", invoice.number if invoice else None, _text(theirs.get("DocNumber"))),
        Row("Customer", customer, _named(theirs, "CustomerRef")),
        Row("Date", _day(invoice.date, zone) if invoice else None, _date(theirs.get("TxnDate"))),
        Row("Due", _due(invoice, zone) if invoice else None, _date(theirs.get("DueDate"))),
        _compared("Total", invoice.total if invoice else None, total),
        _compared(
            "Tax",
            _billed_tax(invoice) if invoice else None,
            _amount(tax, "TotalTax") if isinstance(tax, Mapping) else None,
        ),
        _balances(invoice, balance),
        Row("State", _state_of_invoice(invoice) if invoice else None, _note(theirs)),
    ]
    return [*rows, *_lines(invoice, theirs)]


def payment_rows(
    payment: Payment | None, standings: Sequence[Standing], zone: str, *, customer: str | None = None
) -> list[Row]:
    """Return a payment at both ends; in QuickBooks it may stand as several, whose sums are shown."""
    first: Standing = standings[0] if standings else {}
    totals = [_amount(standing, "TotalAmt") or Decimal(0) for standing in standings]
    credits = (
        sum(
            (split.amount for split in payment.applied_to or () if split.type in ("applied_credit", "credit_note")),
            Decimal(0),
        )
        if payment
        else Decimal(0)
    )
    return [
        Row("Reference", payment.reference if payment else None, _text(first.get("PaymentRefNum"))),
        Row("Customer", customer, _named(first, "CustomerRef")),
        Row("Date", _day(payment.date, zone) if payment else None, _date(first.get("TxnDate"))),
        Row("Method", payment.method if payment else None, _named(first, "PaymentMethodRef")),
        _compared(
            "Money received",
            payment.amount - credits if payment else None,
            sum(totals, Decimal(0)) if standings else None,
        ),
        Row(
            "Not applied",
            None,
            sum((_amount(one, "UnappliedAmt") or Decimal(0) for one in standings), Decimal(0)) if standings else None,
        ),
        Row("State", ("voided" if payment.voided else None) if payment else None, _note(first)),
    ]


def customer_rows(customer: Customer | None, standing: Standing | None) -> list[Row]:
    """Return a customer at both ends."""
    theirs = standing or {}
    address = theirs.get("BillAddr")
    return [
        Row("Name", customer.name if customer else None, _text(theirs.get("DisplayName"))),
        Row("Number", customer.number if customer else None, None),
        _compared("E-mail", customer.email if customer else None, _inner(theirs, "PrimaryEmailAddr", "Address")),
        _compared("Phone", customer.phone if customer else None, _inner(theirs, "PrimaryPhone", "FreeFormNumber")),
        Row(
            "Address",
            _joined(customer.address1, customer.address2, customer.city, customer.state, customer.postal_code)
            if customer
            else None,
            _joined(*(address.get(name) for name in ("Line1", "Line2", "City", "CountrySubDivisionCode", "PostalCode")))
            if isinstance(address, Mapping)
            else None,
        ),
        Row(
            "Active",
            None if customer is None else ("no" if customer.active is False else "yes"),
            None if standing is None else ("no" if theirs.get("Active") is False else "yes"),
        ),
    ]


def _lines(invoice: Invoice | None, standing: Standing) -> list[Row]:
    ours = [(line.name or line.description or "Line", line.amount) for line in (invoice.items or ())] if invoice else []
    found = standing.get("Line")
    theirs = [
        _amount(line, "Amount")
        for line in (found if isinstance(found, list) else [])
        if isinstance(line, Mapping) and line.get("DetailType") == "SalesItemLineDetail"
    ]
    rows = []
    for position in range(max(len(ours), len(theirs))):
        name, sum_ours = ours[position] if position < len(ours) else ("", None)
        rows.append(
            Row(
                f"Line {position + 1}{f': {name}' if name else ''}",
                sum_ours,
                theirs[position] if position < len(theirs) else None,
            )
        )
    return rows


def _compared(name: str, ours: str | Decimal | None, theirs: str | Decimal | None) -> Row:
    if ours is None or theirs is None or ours == "" or theirs == "":
        return Row(name, ours, theirs)
    return Row(name, ours, theirs, SAME if ours == theirs else DIFFERENT)


def _balances(invoice: Invoice | None, theirs: Decimal | None) -> Row:
    ours = invoice.balance if invoice else None
    if invoice is not None and invoice.is_bad_debt and ours and theirs == 0:
        return Row("Balance", ours, theirs, WRITTEN_OFF)
    return _compared("Balance", ours, theirs)


def _billed_tax(invoice: Invoice) -> Decimal:
    """Return the tax of the whole invoice and of its lines."""
    of_lines = (one.amount for line in invoice.items or () for one in line.taxes or ())
    return sum((*of_lines, *(one.amount for one in invoice.taxes or ())), Decimal(0))


def _state_of_invoice(invoice: Invoice) -> str:
    return "draft" if invoice.draft else (invoice.status or ("paid" if invoice.paid else "open")).replace("_", " ")


def _note(standing: Standing) -> str | None:
    note = standing.get("PrivateNote")
    return "voided" if isinstance(note, str) and note.startswith("Voided") else None


def _amount(found: Standing, field: str) -> Decimal | None:
    return amount(found, field)


def _day(timestamp: int, zone: str) -> date | str:
    try:
        return local_date(timestamp, zone)
    except RejectedError:
        # It fails for that very reason, and is looked at here for it.
        return str(timestamp)


def _due(invoice: Invoice, zone: str) -> date | str:
    try:
        return due_date(invoice, zone)
    except RejectedError:
        return str(invoice.due_date)


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _named(standing: Standing, field: str) -> str | None:
    reference = standing.get(field)
    name = reference.get("name") if isinstance(reference, Mapping) else None
    return _text(name) or ref_value(standing, field)


def _inner(standing: Standing, field: str, name: str) -> str | None:
    inner = standing.get(field)
    return _text(inner.get(name)) if isinstance(inner, Mapping) else None


def _joined(*parts: object) -> str | None:
    return ", ".join(str(part) for part in parts if part) or None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
