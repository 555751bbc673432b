"""Customers and what they owe."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account, credit_of, plain
from simulators.invoiced.errors import ApiError, bad_parameter
from simulators.invoiced.numbers import free_number
from simulators.store import Object

HOST = "https://simulated.invoiced.invalid"

_READERS: dict[str, fields.Reader] = {
    "name": fields.text,
    "number": fields.text,
    "email": fields.email,
    "autopay": fields.flag,
    "autopay_delay_days": fields.whole,
    "payment_terms": fields.text,
    "attention_to": fields.text,
    "address1": fields.text,
    "address2": fields.text,
    "city": fields.text,
    "state": fields.text,
    "postal_code": fields.text,
    "country": fields.country,
    "language": fields.text,
    "currency": fields.currency,
    "chase": fields.flag,
    "chasing_cadence": fields.whole,
    "next_chase_step": fields.whole,
    "phone": fields.text,
    "credit_hold": fields.flag,
    "credit_limit": fields.number,
    "owner": fields.whole,
    "taxable": fields.flag,
    "taxes": fields.texts,
    "tax_id": fields.text,
    "avalara_entity_use_code": fields.text,
    "avalara_exemption_number": fields.text,
    "type": fields.one_of("company", "person"),
    "parent_customer": fields.reference,
    "notes": fields.text,
    "sign_up_page": fields.whole,
    "ach_gateway": fields.whole,
    "cc_gateway": fields.whole,
    "active": fields.flag,
    "metadata": fields.metadata,
}
# What a customer has who was created with nothing but a name (API reference, Customers).
_DEFAULTS: dict[str, Any] = {
    "autopay": False,
    "chase": True,
    "country": "US",
    "credit_hold": False,
    "taxable": True,
    "taxes": [],
    "type": "company",
    "active": True,
    "metadata": {},
}


def create(account: Account, body: Mapping[str, Any]) -> Object:
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    fields.required(values, "name")
    _check(account, None, values)
    id = account.company.next_number("customer", 1001)
    if "number" not in values:
        values["number"] = free_number(account, "customer", "CUST")
    blank = {"id": id, "object": "customer", **dict.fromkeys(_READERS)}
    links = {
        "payment_source": None,
        "sign_up_url": None,
        "statement_pdf_url": f"{HOST}/statements/{account.company.id}/{id}/pdf",
    }
    return account.add("customer", blank | _DEFAULTS | values | links)


def change(account: Account, id: int, body: Mapping[str, Any]) -> Object:
    before = account.get("customer", id)
    values = fields.read(_READERS, body)
    for name in ("name", "number"):
        if name in values:
            fields.required(values, name)
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    _check(account, id, values)
    return account.change("customer", before, before | values)


def delete(account: Account, id: int) -> None:
    """Delete a customer without documents; what becomes of documents otherwise is not documented.

    Raises:
        ApiError: 400, there are invoices, credit notes or payments.
    """
    customer = account.get("customer", id)
    for kind in ("invoice", "credit_note", "payment"):
        if account.company.find(kind, "customer", id):
            raise ApiError(400, "A customer that has transactions cannot be deleted")
    for contact in account.company.find("contact", "customer", id):
        account.remove("contact", contact)
    for source in account.company.find("payment_source", "customer", id):
        account.remove("payment_source", source)
    account.remove("customer", customer)


def _check(account: Account, id: int | None, values: Mapping[str, Any]) -> None:
    number = values.get("number")
    if number is not None and any(one["id"] != id for one in account.company.find("customer", "number", number)):
        raise bad_parameter("number", f"The customer number '{number}' is already taken")
    for tax_rate in values.get("taxes") or []:
        if account.find("tax_rate", tax_rate) is None:
            raise bad_parameter("taxes", f"Tax rate was not found: {tax_rate}")
    parent = values.get("parent_customer")
    if parent is not None and (parent == id or account.find("customer", parent) is None):
        raise bad_parameter("parent_customer", f"Customer was not found: {parent}")
    limit = values.get("credit_limit")
    if limit is not None and limit < 0:
        raise bad_parameter("credit_limit", "credit_limit cannot be negative")


def balance(account: Account, id: int, currency: str | None = None) -> Object:
    """Return `{currency, available_credits, total_outstanding, due_now, past_due, history}` in a currency, by
    default that of the customer.

    `history` lists the credit balance after each change, newest first, in every currency.
    """
    customer = account.get("customer", id)
    currency = currency or customer["currency"] or "usd"
    owed = [one for one in open_invoices(account, id) if one["currency"] == currency]
    return _balance(account, currency, owed, credit_history(account, id))


def balances(account: Account, id: int) -> list[Object]:
    """Return the balance in the customer's own currency, and in each other one in which there is anything."""
    own = account.get("customer", id)["currency"] or "usd"
    history = credit_history(account, id)
    owed: dict[str, list[Object]] = {own: []} | {one["currency"]: [] for one in history}
    for one in open_invoices(account, id):
        owed.setdefault(one["currency"], []).append(one)
    return [_balance(account, currency, owed[currency], history) for currency in (own, *sorted(owed.keys() - {own}))]


def open_invoices(account: Account, id: int) -> list[Object]:
    """Return the invoices on which a customer owes something, of every currency."""
    return [
        one
        for one in account.company.find("invoice", "customer", id)
        if not (one["draft"] or one["closed"] or one["status"] == "voided")
    ]


def _balance(account: Account, currency: str, owed: list[Object], history: list[Object]) -> Object:
    now = account.now()
    due = [one for one in owed if one["due_date"] is None or one["due_date"] <= now]
    return {
        "currency": currency,
        "available_credits": next((one["balance"] for one in history if one["currency"] == currency), 0),
        "total_outstanding": plain(sum((Decimal(one["balance"]) for one in owed), Decimal(0))),
        "due_now": plain(sum((Decimal(one["balance"]) for one in due), Decimal(0))),
        "past_due": any(one["status"] == "past_due" for one in owed),
        "history": history,
    }


def credit_history(account: Account, id: int) -> list[Object]:
    """Return the credit balance of a customer after each payment that moved it, newest first, by currency."""
    history: list[Object] = []
    credit: dict[str, Decimal] = {}
    for one in account.applications("credit_of", id):
        if one["state"] != "applied":
            continue
        payment = account.get("payment", one["payment"])
        currency = payment["currency"]
        credit[currency] = credit.get(currency, Decimal(0)) + credit_of([one])
        entry = {"timestamp": payment["date"], "currency": currency, "balance": plain(credit[currency])}
        history.insert(0, entry)
    return history
