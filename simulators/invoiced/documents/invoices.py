"""Invoices: drafts, issue, edits, closing, void and deletion."""

import re
from collections.abc import Mapping
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account
from simulators.invoiced.documents.common import (
    READERS,
    check_currency,
    check_number,
    customer_of,
    fill_changed,
    fill_new,
    refuse_voided,
)
from simulators.invoiced.documents.credit_limits import check_hold, check_limit
from simulators.invoiced.documents.lines import drop_expired_discounts
from simulators.invoiced.documents.settlement import document_links, keep_invoice, release_all, settle_invoice
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.invoiced.numbers import free_number
from simulators.store import Object

DAY_S = 86_400

_READERS: dict[str, fields.Reader] = READERS | {
    "due_date": fields.timestamp,
    "payment_terms": fields.text,
    "autopay": fields.flag,
    "ship_to": fields.ship_to,
}


def create(account: Account, body: Mapping[str, Any]) -> Object:
    """Return the new invoice; it is issued unless `draft` is true."""
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    customer = customer_of(account, values)
    check_hold(customer)
    if "number" in values:
        check_number(account, "invoice", None, values["number"])
    id = account.company.next_number("invoice", 20_001)
    autopay = values.get("autopay", customer["autopay"])
    terms = "AutoPay" if autopay else values.get("payment_terms", customer["payment_terms"])
    date = values.get("date", account.now())
    invoice: Object = {
        "id": id,
        "object": "invoice",
        "customer": customer["id"],
        "name": values.get("name", "Invoice"),
        "number": values.get("number") or free_number(account, "invoice", "INV"),
        "currency": values.get("currency") or customer["currency"] or "usd",
        "draft": values.get("draft", False),
        "closed": False,
        "paid": False,
        "status": "draft",
        "autopay": autopay,
        "attempt_count": 0,
        "next_payment_attempt": None,
        "subscription": None,
        "date": date,
        "due_date": None if autopay else values.get("due_date", due_date(date, terms)),
        "payment_terms": terms,
        "purchase_order": values.get("purchase_order"),
        "items": [],
        "notes": values.get("notes"),
        "subtotal": 0,
        "discounts": [],
        "taxes": [],
        "total": 0,
        "balance": 0,
        "ship_to": values.get("ship_to"),
        "shipping": [],
        "payment_plan": None,
        **document_links(account, "invoice", id),
        "payment_url": None,
        "metadata": values.get("metadata", {}),
        "_sent": values.get("sent", False),
        "_viewed": False,
    }
    fill_new(account, invoice, values, customer)
    check_limit(account, customer, invoice)
    if not invoice["draft"] and values.get("closed"):
        invoice["closed"] = True
    settle_invoice(account, invoice)
    kept = account.add("invoice", invoice)
    if kept["paid"]:
        account.tell("invoice", "paid", kept)
    return kept


def change(account: Account, id: int, body: Mapping[str, Any]) -> Object:
    """Change what is given; `draft: false` issues, `closed: true` writes off, `items` replaces all lines."""
    before = account.get("invoice", id)
    values = fields.read(_READERS, body)
    refuse_voided(before, values)
    for name in ("customer", "number", "currency", "date"):
        if name in values:
            fields.required(values, name)
    check_currency(account, before, values)
    if values.get("number"):
        check_number(account, "invoice", id, values["number"])
    if values.get("draft") and not before["draft"]:
        raise bad_parameter("draft", "An issued invoice cannot become a draft again")
    after = account.get("invoice", id)
    if "customer" in values:
        after["customer"] = customer_of(account, values)["id"]
    plainly = ("name", "number", "currency", "date", "due_date", "payment_terms", "autopay", "purchase_order",
               "ship_to", "notes", "metadata")  # fmt: skip
    after |= {name: values[name] for name in plainly if name in values}
    after["name"] = after["name"] or "Invoice"
    after["metadata"] = after["metadata"] or {}
    after["autopay"] = bool(after["autopay"])
    if {"date", "payment_terms"} & values.keys() and "due_date" not in values:
        after["due_date"] = due_date(after["date"], after["payment_terms"]) or after["due_date"]
    if values.get("draft") is False:
        after["draft"] = False
    if values.get("closed") is not None:
        if after["draft"] and values["closed"]:
            raise bad_parameter("closed", "A draft cannot be closed")
        after["closed"] = values["closed"]
    if values.get("sent") is not None:
        after["_sent"] = values["sent"]
    fill_changed(account, after, values)
    if before["draft"]:
        check_limit(account, account.get("customer", after["customer"]), after)
    return keep_invoice(account, before, after)


def void(account: Account, id: int) -> Object:
    """Void an invoice; what was applied to it goes back to its payments (decided here: not documented)."""
    if account.get("invoice", id)["status"] == "voided":
        raise ApiError(400, "This invoice is already voided")
    release_all(account, "invoice", id)
    before = account.get("invoice", id)
    return keep_invoice(account, before, before | {"status": "voided"})


def delete(account: Account, id: int) -> None:
    account.get("invoice", id)
    release_all(account, "invoice", id)
    account.remove("invoice", account.get("invoice", id))


def view(account: Account, id: int) -> Object:
    """Let the customer look at an invoice, as they do in the customer portal.

    Raises:
        ApiError: 400, it is a draft or voided.
    """
    before = account.get("invoice", id)
    if before["status"] in ("draft", "voided"):
        raise ApiError(400, f"An invoice that is {before['status']} cannot be viewed")
    kept = keep_invoice(account, before, before | {"_viewed": True})
    account.tell("invoice", "viewed", kept)
    return kept


def pass_time(account: Account) -> None:
    """Let every open invoice whose time has come become past due, or lose the discounts that have expired."""
    company, ended = account.company, account.now() - 1
    with company.hold():
        due = company.find_until("invoice", "falls_due", ended)
        if due:
            with company.transaction():
                for invoice in due:
                    keep_invoice(account, invoice, dict(invoice))
        dearer = company.find_until("invoice", "discount_ends", ended)
        if dearer:
            with company.transaction():
                for invoice in dearer:
                    after = account.get("invoice", invoice["id"])
                    drop_expired_discounts(account, after)
                    keep_invoice(account, invoice, after)


def due_date(date: int, terms: str | None) -> int | None:
    """Return `date` + N days of exactly 86,400 s for the terms `NET N` (every captured invoice has that), or for
    those with a discount for early payment, `X% Y NET N` (Invoiced documentation, Payment Incentives)."""
    found = re.fullmatch(r"\s*(?:\d+(?:\.\d+)?%\s+\d+\s+)?net\s+(\d{1,4})\s*", terms or "", re.IGNORECASE)
    return date + int(found.group(1)) * DAY_S if found else None
