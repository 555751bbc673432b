"""The people at a customer, kept under `/customers/:id/contacts`."""

from collections.abc import Mapping
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account
from simulators.invoiced.errors import not_found
from simulators.store import Object


def _lower_email(name: str, value: Any) -> str:
    """Return an address in lower case, as Invoiced keeps those of contacts (vendor's import script)."""
    return fields.email(name, value).lower()


_READERS: dict[str, fields.Reader] = {
    "name": fields.text,
    "title": fields.text,
    "email": _lower_email,
    "phone": fields.text,
    "primary": fields.flag,
    "sms_enabled": fields.flag,
    "department": fields.text,
    "address1": fields.text,
    "address2": fields.text,
    "city": fields.text,
    "state": fields.text,
    "postal_code": fields.text,
    "country": fields.country,
}
_DEFAULTS = {"primary": True, "sms_enabled": False}


def get(account: Account, customer: int, id: int) -> Object:
    """Return a contact of that customer.

    Raises:
        ApiError: 404, there is no such customer, or it has no such contact.
    """
    account.get("customer", customer)
    contact = account.get("contact", id)
    if contact["customer"] != customer:
        raise not_found("contact", id)
    return contact


def create(account: Account, customer: int, body: Mapping[str, Any]) -> Object:
    account.get("customer", customer)
    values = {name: one for name, one in fields.read(_READERS, body).items() if one is not None}
    fields.required(values, "name")
    id = account.company.next_number("contact", 10_001)
    blank = {"id": id, "object": "contact", "customer": customer, **dict.fromkeys(_READERS)}
    return account.add("contact", blank | _DEFAULTS | values)


def change(account: Account, customer: int, id: int, body: Mapping[str, Any]) -> Object:
    before = get(account, customer, id)
    values = fields.read(_READERS, body)
    if "name" in values:
        fields.required(values, "name")
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    return account.change("contact", before, before | values)


def delete(account: Account, customer: int, id: int) -> None:
    account.remove("contact", get(account, customer, id))
