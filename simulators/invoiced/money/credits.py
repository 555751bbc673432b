"""Money that moves by itself when an invoice is issued, and when one is given up."""

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
