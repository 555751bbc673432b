"""The invoices of the sample company: how many of which kind, and what stands in each. Pure."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from simulators.invoiced.sample.data import LONG_DESCRIPTION, LONG_NAME, ODD_NAMES, WARES

Body = dict[str, Any]

# What happens to an invoice later (draft … together, see `sample_company`) or what it looks like; the rest
# is ordinary business. Ten of 150 are not for the books of a US dollar company: drafts, voided, foreign.
_SPECIAL = {
    "draft": 5,
    "voided": 4,
    "foreign": 1,
    "bad_debt": 2,
    "credited": 1,
    "pending": 1,
    "zero": 1,
    "overpaid": 3,
    "several_methods": 3,
    "together": 3,
    "payment_voided": 1,
    "open": 12,
    "line_percent": 6,
    "line_fixed": 5,
    "invoice_percent": 8,
    "invoice_fixed": 5,
    "line_tax": 6,
    "two_taxes": 5,
    "partly_exempt": 5,
    "inclusive": 4,
    "long_name": 3,
    "long_description": 3,
    "odd_names": 5,
    "fractions": 8,
    "nameless": 3,
    "all_levels": 3,
}
_COUNT = 150


def _in_order() -> tuple[str, ...]:
    """Return the kind of each invoice, oldest first, the special ones spread among the plain ones."""
    special = [kind for kind, count in _SPECIAL.items() for _ in range(count)]
    random.Random("order of kinds").shuffle(special)
    kinds = special + ["plain"] * (_COUNT - len(special))
    random.Random("spread of kinds").shuffle(kinds)
    # A debt goes bad with time, and what is paid or voided later needs the days for it.
    slow = ("bad_debt", "overpaid", "several_methods", "together", "payment_voided", "voided", "credited")
    first = [kind for kind in kinds if kind == "bad_debt"]
    middle = [kind for kind in kinds if kind != "bad_debt"]
    late = middle[-30:]
    for position, kind in enumerate(late):
        if kind in slow:
            other = next(i for i, one in enumerate(middle[:-30]) if one == "plain" and i > position)
            middle[other], middle[len(middle) - 30 + position] = kind, "plain"
    return tuple(first + middle)


KINDS = _in_order()


def body_of(kind: str, dice: random.Random) -> Body:
    """Return items, discounts, taxes and notes of an invoice of that kind."""
    lines = [_line(dice) for _ in range(dice.choice((1, 1, 2, 2, 3, 4, 5)))]
    body: Body = {"items": lines}
    if dice.random() < 0.4:
        body["taxes"] = ["state"]
    if dice.random() < 0.25:
        body["purchase_order"] = f"PO-{dice.randrange(1000, 9999)}"
    if dice.random() < 0.2:
        body["notes"] = "Thank you for your business."
    if kind == "draft":
        body["draft"] = True
    if kind in _CHANGES:
        _CHANGES[kind](body, lines, dice)
    return body


def _line(dice: random.Random) -> Body:
    id, _, price, kind, descriptions = dice.choice(WARES)
    quantity: int | Decimal = dice.randrange(1, 13)
    if kind == "hours":
        quantity = Decimal(dice.randrange(2, 60)) / 4
    elif Decimal(price) < 1:
        quantity = dice.randrange(40, 900)
    return {"catalog_item": id, "description": dice.choice(descriptions), "quantity": quantity}


def _line_percent(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines[0]["discounts"] = ["loyal"]


def _line_fixed(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines[0] |= {"catalog_item": "audit", "discounts": [{"amount": Decimal("112.35")}]}


def _invoice_percent(body: Body, lines: list[Body], dice: random.Random) -> None:
    body["discounts"] = [dice.choice(("loyal", "early"))]


def _invoice_fixed(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines.append({"catalog_item": "setup", "quantity": 1})
    body["discounts"] = [{"amount": Decimal(dice.randrange(500, 5000)) / 100}]


def _line_tax(body: Body, lines: list[Body], dice: random.Random) -> None:
    body.pop("taxes", None)
    lines[-1]["taxes"] = ["state"]


def _two_taxes(body: Body, lines: list[Body], dice: random.Random) -> None:
    body["taxes"] = ["state", "city"]


def _partly_exempt(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines.append({"catalog_item": "delivery", "quantity": 1, "taxable": False, "discountable": False})
    body["taxes"] = ["state"]


def _inclusive(body: Body, lines: list[Body], dice: random.Random) -> None:
    guests = dice.randrange(10, 90)
    lines[:] = [
        {
            "name": "Catering",
            "description": "Lunch buffet",
            "quantity": guests,
            "unit_cost": Decimal("18.95"),
        },
        {"name": "Beverages", "description": "Per guest", "quantity": guests, "unit_cost": Decimal("4.25")},
    ]
    body["taxes"] = ["food"]


def _long_name(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines[0] = {"name": LONG_NAME, "description": "Fixed fee", "quantity": 1, "unit_cost": Decimal("2400")}


def _long_description(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines[0] |= {"description": LONG_DESCRIPTION}


def _odd_names(body: Body, lines: list[Body], dice: random.Random) -> None:
    price = Decimal(dice.randrange(300, 9000)) / 100
    lines.append({"name": dice.choice(ODD_NAMES), "quantity": dice.randrange(1, 9), "unit_cost": price})


def _fractions(body: Body, lines: list[Body], dice: random.Random) -> None:
    """Add lines whose product has more than two decimals."""
    lines.append({"catalog_item": "cable", "description": "Cut to length", "quantity": Decimal("127.333")})
    lines.append({"name": "Lumber, board feet", "quantity": Decimal("11.67"), "unit_cost": Decimal("6.835")})


def _nameless(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines.append({"description": "As agreed by telephone", "quantity": 1, "unit_cost": Decimal("75")})


def _all_levels(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines[0] |= {"discounts": ["early"], "taxes": ["city"]}
    body |= {"discounts": ["loyal"], "taxes": ["state"]}


def _zero(body: Body, lines: list[Body], dice: random.Random) -> None:
    lines[:] = [{"catalog_item": "support", "description": "First month free", "quantity": 1, "unit_cost": 0}]


def _foreign(body: Body, lines: list[Body], dice: random.Random) -> None:
    body.pop("taxes", None)


_CHANGES: dict[str, Callable[[Body, list[Body], random.Random], None]] = {
    "line_percent": _line_percent,
    "line_fixed": _line_fixed,
    "invoice_percent": _invoice_percent,
    "invoice_fixed": _invoice_fixed,
    "line_tax": _line_tax,
    "two_taxes": _two_taxes,
    "partly_exempt": _partly_exempt,
    "inclusive": _inclusive,
    "long_name": _long_name,
    "long_description": _long_description,
    "odd_names": _odd_names,
    "fractions": _fractions,
    "nameless": _nameless,
    "all_levels": _all_levels,
    "zero": _zero,
    "foreign": _foreign,
}
