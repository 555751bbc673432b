"""Items, tax rates and coupons: the objects whose ids are words.

An item keeps the ids of its tax rates and shows the rates themselves (API reference, Items).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from simulators.invoiced import fields
from simulators.invoiced.account import Account, plain
from simulators.invoiced.errors import bad_parameter
from simulators.store import Object

CatalogKind = Literal["item", "tax_rate", "coupon"]

_ID_READERS: dict[str, fields.Reader] = {"id": fields.text, "name": fields.text, "currency": fields.currency}
_READERS: dict[str, dict[str, fields.Reader]] = {
    "item": {
        "unit_cost": fields.number,
        "description": fields.text,
        "type": fields.text,
        "taxable": fields.flag,
        "taxes": fields.texts,
        "avalara_tax_code": fields.text,
        "avalara_location_code": fields.text,
        "gl_account": fields.text,
        "discountable": fields.flag,
        "metadata": fields.metadata,
    },
    "tax_rate": {
        "value": fields.number,
        "is_percent": fields.flag,
        "inclusive": fields.flag,
        "metadata": fields.metadata,
    },
    "coupon": {
        "value": fields.number,
        "is_percent": fields.flag,
        "exclusive": fields.flag,
        "duration": fields.whole,
        "expiration_date": fields.timestamp,
        "max_redemptions": fields.whole,
        "metadata": fields.metadata,
    },
}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "item": {"currency": "usd", "unit_cost": 0, "taxable": True, "taxes": [], "discountable": True},
    "tax_rate": {"value": 0, "is_percent": True, "inclusive": False},
    "coupon": {"value": 0, "is_percent": True, "exclusive": False, "duration": 0, "max_redemptions": 0},
}
# All else is fixed for good: delete and create anew (API reference, Items, Tax Rates, Coupons).
_CHANGEABLE = {
    "item": ("name", "description", "type", "metadata"),
    "tax_rate": ("name", "metadata"),
    "coupon": ("name", "metadata"),
}


def create(account: Account, kind: CatalogKind, body: Mapping[str, Any]) -> Object:
    """Return the new object; its id is the one given or made from its name.

    Raises:
        ApiError: 400, no name, the id is taken, or there is no such tax rate.
    """
    values = fields.read(_ID_READERS | _READERS[kind], body)
    name = fields.required(values, "name")
    given = {name: value for name, value in values.items() if value is not None}
    id = given.get("id") or re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or kind
    if account.find(kind, id) is not None:
        raise bad_parameter("id", f"The id '{id}' is already taken")
    for rate in given.get("taxes", []):
        if account.find("tax_rate", rate) is None:
            raise bad_parameter("taxes", f"Tax rate was not found: {rate}")
    blank = {"id": id, "object": kind, "name": name, "currency": None}
    one = blank | dict.fromkeys(_READERS[kind]) | _DEFAULTS[kind] | {"metadata": {}} | given | {"id": id}
    for amount in ("unit_cost", "value"):
        if one.get(amount) is not None:
            one[amount] = plain(fields.number(amount, one[amount]))
    return account.add(kind, one)


def change(account: Account, kind: CatalogKind, id: str, body: Mapping[str, Any]) -> Object:
    before = account.get(kind, id)
    readers = _ID_READERS | _READERS[kind]
    values = fields.read({name: readers[name] for name in _CHANGEABLE[kind]}, body)
    if "name" in values:
        fields.required(values, "name")
    if "metadata" in values:
        values["metadata"] = values["metadata"] or {}
    return account.change(kind, before, before | values)


def delete(account: Account, kind: CatalogKind, id: str) -> None:
    account.remove(kind, account.get(kind, id))


def tax_rates(account: Account, ids: Iterable[str]) -> list[Object]:
    """Return the tax rates of an item or a customer that have not been deleted since."""
    return [account.shown(rate) for id in ids if (rate := account.find("tax_rate", id)) is not None]
