"""Credit that moves by itself when an invoice or a credit note is issued, and when an invoice is given up."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulators.invoiced.account import Account
from simulators.invoiced.documents import credit_notes, invoices
from simulators.invoiced.errors import ApiError
from simulators.invoiced.money import payments
from simulators.store import Object


def create_invoice(account: Account, body: Mapping[str, Any]) -> Object:
    """Return the new invoice, paid as far as its customer's credit balance goes."""
    return _apply_credit(account, invoices.create(account, body))


def change_invoice(account: Account, id: int, body: Mapping[str, Any]) -> Object:
    """Return the changed invoice; one that is issued thereby is paid as a new one is."""
    was_draft = account.get("invoice", id)["draft"]
    changed = invoices.change(account, id, body)
    return _apply_credit(account, changed) if was_draft else changed


def create_credit_note(account: Account, body: Mapping[str, Any]) -> Object:
    """Return the new credit note; it pays the invoice against which it is issued."""
    return _apply_note(account, credit_notes.create(account, body))


def change_credit_note(account: Account, id: int, body: Mapping[str, Any]) -> Object:
    """Return the changed credit note; one that is issued thereby pays as a new one does."""
    was_draft = account.get("credit_note", id)["draft"]
    changed = credit_notes.change(account, id, body)
    return _apply_note(account, changed) if was_draft else changed


def write_off(account: Account, invoice_id: int) -> Object:
    """Write off what an invoice leaves open, and return the invoice.

    A credit note over it, with one line of bad debt, is applied by a payment; voiding both undoes it. People do
    this in the dashboard, there is no endpoint (Invoiced documentation, Bad Debt).

    Raises:
        ApiError: 400, it is a draft, voided, closed, or nothing is open.
    """
    invoice = account.get("invoice", invoice_id)
    if invoice["payment_url"] is None:
        raise ApiError(400, f"An invoice that is {invoice['status']} cannot be written off")
    customer, currency, amount = invoice["customer"], invoice["currency"], invoice["balance"]
    line = {"name": "Bad Debt", "quantity": 1, "unit_cost": amount}
    note = credit_notes.create(account, {
        "customer": customer, "currency": currency, "items": [line], "calculate_taxes": False,
    }, writes_off=True)  # fmt: skip
    split = {"type": "credit_note", "credit_note": note["id"], "invoice": invoice_id, "amount": amount}
    payments.create(account, {
        "customer": customer, "currency": currency, "amount": amount, "applied_to": [split],
    })  # fmt: skip
    return account.get("invoice", invoice_id)


def _apply_credit(account: Account, invoice: Object) -> Object:
    """Spend the credit balance of the customer on a new invoice; what is left of either stays.

    Source: Invoiced documentation, Credit Balances (the setting Apply Credits to New Invoices, on by default).
    """
    if invoice["payment_url"] is None or not account.switches.credits_pay_new_invoices:
        return invoice
    customer, currency = invoice["customer"], invoice["currency"]
    amount = min(payments.credit_balance(account, customer, currency), Decimal(invoice["balance"]))
    if amount <= 0:
        return invoice
    split = {"type": "applied_credit", "invoice": invoice["id"], "amount": amount}
    payments.create(account, {
        "customer": customer, "currency": currency, "amount": amount, "applied_to": [split],
    })  # fmt: skip
    return account.get("invoice", invoice["id"])


def _apply_note(account: Account, note: Object) -> Object:
    """Take a new credit note off the balance of its invoice; what is left of either stays.

    Source: Invoiced API reference, Credit Notes, and a script of the vendor's that pays invoices off by nothing else.
    """
    invoice = account.find("invoice", note["invoice"])
    if invoice is None or note["status"] != "open" or not account.switches.credit_notes_pay_their_invoice:
        return note
    amount = min(Decimal(note["balance"]), Decimal(invoice["balance"]))
    if invoice["payment_url"] is None or invoice["currency"] != note["currency"] or amount <= 0:
        return note
    split = {"type": "credit_note", "credit_note": note["id"], "invoice": invoice["id"], "amount": amount}
    payments.create(account, {
        "customer": note["customer"], "currency": note["currency"], "amount": amount, "applied_to": [split],
    })  # fmt: skip
    return account.get("credit_note", note["id"])
