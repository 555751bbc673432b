"""Line items, discounts and taxes of a document: from a request to what is stored, and their amounts."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from simulators.invoiced import fields
from simulators.invoiced.account import Account, plain
from simulators.invoiced.documents.catalog import tax_rates
from simulators.invoiced.documents.totals import Line, Rate, add_up
from simulators.invoiced.errors import bad_parameter
from simulators.store import Object

_LINE_READERS: dict[str, fields.Reader] = {
    "catalog_item": fields.text,
    "type": fields.text,
    "name": fields.text,
    "description": fields.text,
    "quantity": fields.number,
    "unit_cost": fields.number,
    "discountable": fields.flag,
    "discounts": fields.objects,
    "taxable": fields.flag,
    "taxes": fields.objects,
    "metadata": fields.metadata,
}
_FROM_ITEM = ("type", "name", "description", "unit_cost", "discountable", "taxable", "taxes")


def read_new_lines(account: Account, given: list[Any]) -> list[Object]:
    """Return the lines of a new document.

    Raises:
        ApiError: 400, also for members that cannot be written: a fetched line sent back as it was is refused
            (seen in the vendor's own scripts, which pick the writable members before they copy a document).
    """
    for one in given:
        if not isinstance(one, dict):
            raise bad_parameter("items", "items must be a list of objects")
        unknown = sorted(set(one) - set(_LINE_READERS))
        if unknown:
            raise bad_parameter("items", f"A line item cannot be created with {', '.join(unknown)}")
    return [_read_line(account, one, None) for one in given]


def read_changed_lines(account: Account, given: list[Any], standing: list[Object]) -> list[Object]:
    """Return the whole new set of lines: those with a known `id` keep it and what is not given anew."""
    by_id = {one["id"]: one for one in standing}
    lines = []
    for one in given:
        if not isinstance(one, dict):
            raise bad_parameter("items", "items must be a list of objects")
        known = None
        if one.get("id") is not None:
            known = by_id.pop(fields.whole("items", one["id"]), None)
            if known is None:
                raise bad_parameter("items", f"Line item was not found: {one['id']}")
        lines.append(_read_line(account, one, known))
    return lines


def _read_line(account: Account, given: Mapping[str, Any], known: Object | None) -> Object:
    values = fields.read(_LINE_READERS, given)
    line = known or {
        "id": account.company.next_number("line_item"),
        "object": "line_item",
        "catalog_item": None,
        "type": None,
        "name": None,
        "description": None,
        "quantity": 1,
        "unit_cost": 0,
        "amount": 0,
        "discountable": True,
        "discounts": [],
        "taxable": True,
        "taxes": [],
        "metadata": {},
    }
    item_id = values.get("catalog_item")
    if item_id is not None:
        item = account.find("item", item_id)
        if item is None:
            raise bad_parameter("items", f"Item was not found: {item_id}")
        item["taxes"] = tax_rates(account, item["taxes"])
        values = {name: item[name] for name in _FROM_ITEM if item[name] is not None} | values
    for name in ("quantity", "unit_cost"):
        if name in values:
            values[name] = plain(values[name] or Decimal(0))
    for name in ("discountable", "taxable"):
        if name in values:
            values[name] = values[name] is not False
    if "discounts" in values:
        values["discounts"] = read_discounts(account, values["discounts"] or [])
    if "taxes" in values:
        values["taxes"] = read_taxes(account, values["taxes"] or [])
    if "metadata" in values:
        values["metadata"] = values["metadata"] or {}
    return line | values


def read_discounts(account: Account, given: list[Any]) -> list[Object]:
    """Return discounts `{id, object, amount, coupon, expires}` from coupons, their ids, or ad-hoc amounts."""
    discounts = []
    for one in given:
        amount, coupon = _rate_of(account, "coupon", "discounts", one)
        expires = one.get("expires") if isinstance(one, dict) else None
        discounts.append({
            "id": _id_of(account, "discount", one),
            "object": "discount",
            "amount": amount,
            "coupon": coupon,
            "expires": None if expires is None else fields.timestamp("discounts", expires),
        })  # fmt: skip
    return discounts


def read_taxes(account: Account, given: list[Any]) -> list[Object]:
    """Return taxes `{id, object, amount, tax_rate}` from tax rates, their ids, or ad-hoc amounts."""
    taxes = []
    for one in given:
        amount, tax_rate = _rate_of(account, "tax_rate", "taxes", one)
        taxes.append({"id": _id_of(account, "tax", one), "object": "tax", "amount": amount, "tax_rate": tax_rate})
    return taxes


def _id_of(account: Account, kind: str, given: Any) -> int:
    """Return the id of an adjustment that is sent back, or a new one."""
    if isinstance(given, dict) and given.get("object") == kind and isinstance(given.get("id"), int):
        return int(given["id"])
    return account.company.next_number(kind)


def _rate_of(account: Account, kind: Any, param: str, given: Any) -> tuple[int | Decimal, Object | None]:
    """Return the ad-hoc amount, or the coupon or tax rate (as an id, as an object, or under its name)."""
    rate = given
    if isinstance(given, dict):
        rate = given if given.get("object") == kind else given.get(kind)
        if rate is None and "amount" in given:
            return plain(fields.number(param, given["amount"])), None
    id = rate.get("id") if isinstance(rate, dict) else rate
    if not isinstance(id, str) or not id:
        raise bad_parameter(param, f"{param} must have an amount or a {kind.replace('_', ' ')}")
    found = account.find(kind, id)
    if found is None:
        raise bad_parameter(param, f"{kind.replace('_', ' ').capitalize()} was not found: {id}")
    return 0, account.shown(found)


def drop_expired_discounts(account: Account, document: Object) -> None:
    """Take the discounts that have expired off a document and its lines (Invoiced documentation, Coupons)."""
    now = account.now()
    for holder in (document, *document["items"]):
        holder["discounts"] = [one for one in holder["discounts"] if (one["expires"] or now) >= now]
    reckon(account, document)


def reckon(account: Account, document: Object) -> None:
    """Set every amount of a document, its subtotal and its total.

    Raises:
        ApiError: 400, the total would be negative, or an amount beyond all reason.
    """
    lines = [
        Line(
            Decimal(one["quantity"]),
            Decimal(one["unit_cost"]),
            [_rate(discount, "coupon") for discount in one["discounts"]],
            [_rate(tax, "tax_rate") for tax in one["taxes"]],
            one["discountable"],
            one["taxable"],
        )
        for one in document["items"]
    ]
    try:
        totals = add_up(
            lines,
            [_rate(one, "coupon") for one in document["discounts"]],
            [_rate(one, "tax_rate") for one in document["taxes"]],
            account.rounding(document["currency"]),
            account.switches.net_line_amounts,
        )
    except InvalidOperation:
        raise bad_parameter("items", "The amounts are out of range") from None
    if totals.total < 0:
        raise bad_parameter("items", "The total cannot be negative")
    for line, line_totals in zip(document["items"], totals.lines, strict=True):
        line["amount"] = plain(line_totals.amount)
        _set_amounts(line["discounts"], line_totals.discounts)
        _set_amounts(line["taxes"], line_totals.taxes)
    _set_amounts(document["discounts"], totals.discounts)
    _set_amounts(document["taxes"], totals.taxes)
    document["subtotal"] = plain(totals.subtotal)
    document["total"] = plain(totals.total)


def _set_amounts(adjustments: list[Object], amounts: list[Decimal]) -> None:
    for one, amount in zip(adjustments, amounts, strict=True):
        one["amount"] = plain(amount)


def _rate(adjustment: Object, kind: str) -> Rate:
    rate = adjustment[kind]
    if rate is None:
        return Rate(Decimal(adjustment["amount"]))
    return Rate(Decimal(rate["value"]), rate["is_percent"], rate.get("inclusive", False))
