"""Credit notes. They reduce invoices through payments, by splits of type credit_note."""

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
from simulators.invoiced.documents.settlement import document_links, keep_credit_note, release_all, settle_credit_note
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.invoiced.numbers import free_number
from simulators.store import Object

_READERS: dict[str, fields.Reader] = READERS | {"invoice": fields.reference}


def create(account: Account, body: Mapping[str, Any], *, writes_off: bool = False) -> Object:
    """Return the new credit note; with `writes_off`, what it is applied to is a bad debt instead of paid."""
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    customer = customer_of(account, values)
    if "number" in values:
        check_number(account, "credit_note", None, values["number"])
    if "invoice" in values and account.find("invoice", values["invoice"]) is None:
        raise bad_parameter("invoice", f"Invoice was not found: {values['invoice']}")
    id = account.company.next_number("credit_note", 80_001)
    note: Object = {
        "id": id,
        "object": "credit_note",
        "customer": customer["id"],
        "invoice": values.get("invoice"),
        "name": values.get("name", "Credit Note"),
        "number": values.get("number") or free_number(account, "credit_note", "CN"),
        "currency": values.get("currency") or customer["currency"] or "usd",
        "draft": values.get("draft", False),
        "closed": False,
        "paid": False,
        "status": "open",
        "date": values.get("date", account.now()),
        "purchase_order": values.get("purchase_order"),
        "items": [],
        "notes": values.get("notes"),
        "subtotal": 0,
        "discounts": [],
        "taxes": [],
        "total": 0,
        "balance": 0,
        **document_links(account, "credit_note", id),
        "metadata": values.get("metadata", {}),
        "_writes_off": writes_off,
    }
    fill_new(account, note, values, customer)
    settle_credit_note(account, note)
    return account.add("credit_note", note)


def change(account: Account, id: int, body: Mapping[str, Any]) -> Object:
    before, after = account.get("credit_note", id), account.get("credit_note", id)
    values = fields.read(_READERS, body)
    refuse_voided(before, values)
    for name in ("customer", "number", "currency", "date"):
        if name in values:
            fields.required(values, name)
    check_currency(account, before, values)
    if values.get("number"):
        check_number(account, "credit_note", id, values["number"])
    if values.get("draft") and not before["draft"]:
        raise bad_parameter("draft", "An issued credit note cannot become a draft again")
    if "customer" in values:
        after["customer"] = customer_of(account, values)["id"]
    plainly = ("name", "number", "currency", "date", "purchase_order", "notes", "metadata")
    after |= {name: values[name] for name in plainly if name in values}
    after["name"] = after["name"] or "Credit Note"
    after["metadata"] = after["metadata"] or {}
    if values.get("draft") is False:
        after["draft"] = False
    if values.get("closed") is not None:
        after["closed"] = values["closed"]
    fill_changed(account, after, values)
    taken = sum(one["amount"] for one in account.applications("credit_note", id))
    if taken > after["total"]:
        raise bad_parameter("items", "The total cannot be less than what was already credited")
    return keep_credit_note(account, before, after)


def void(account: Account, id: int) -> Object:
    """Void a credit note; the invoices that it reduced are open again."""
    if account.get("credit_note", id)["status"] == "voided":
        raise ApiError(400, "This credit note is already voided")
    release_all(account, "credit_note", id)
    before = account.get("credit_note", id)
    return keep_credit_note(account, before, before | {"status": "voided"})


def delete(account: Account, id: int) -> None:
    account.get("credit_note", id)
    release_all(account, "credit_note", id)
    account.remove("credit_note", account.get("credit_note", id))
