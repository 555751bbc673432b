"""What the web page shows of an account: plain rows of text, made from kept objects; pure reading."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from simulators.invoiced.account import Account, Kind
from simulators.invoiced.errors import bad_parameter
from simulators.invoiced.rounding import places_of
from simulators.invoiced.sample.company import ZONE
from simulators.store import Object

# Path of a list → what it lists, and its title, in the order in which the page names them.
KIND_OF: dict[str, Kind] = {
    "customers": "customer",
    "invoices": "invoice",
    "payments": "payment",
    "credit_notes": "credit_note",
    "events": "event",
}
TITLES = {
    "customers": "Customers",
    "invoices": "Invoices",
    "payments": "Payments",
    "credit_notes": "Credit notes",
    "events": "Events",
}
ONE: dict[str, str] = {
    "customer": "Customer",
    "invoice": "Invoice",
    "payment": "Payment",
    "credit_note": "Credit note",
}
_WARNINGS = frozenset({"past_due", "bad_debt", "failed"})


@dataclass(frozen=True)
class Link:
    """A text that leads to the page of an object, if it has one."""

    text: str
    kind: str = ""
    id: int | None = None


@dataclass(frozen=True)
class DocumentRow:
    """An invoice, a credit note or a payment; `left` is what is open of it, "" for nothing."""

    link: Link
    detail: str
    date: str
    customer: Link
    total: str
    left: str
    state: str
    is_warning: bool


@dataclass(frozen=True)
class Split:
    """A part of a payment: the payment itself, what it paid, and out of what (a credit note, a credit balance)."""

    payment: Link
    date: str
    paid: Link
    out_of: Link | None
    amount: str
    state: str


def money(amount: Decimal | int | None, currency: str = "usd") -> str:
    """12345.6 of usd as "12,345.60 USD"; nothing for None."""
    return "" if amount is None else f"{Decimal(amount):,.{places_of(currency)}f} {currency.upper()}"


def sums(balances: Sequence[Object], name: str) -> str:
    """What stands in several currencies: "37.50 CAD · 12.00 EUR", or nothing of the first of them: "0.00 CAD"."""
    shown = [money(one[name], one["currency"]) for one in balances if one[name]]
    return " · ".join(shown) or money(0, balances[0]["currency"])


def price(value: Decimal | int, currency: str) -> str:
    """A unit cost with at least the cents of its currency: 3.5 as "3.50", 0.0125 as it is."""
    places = max(places_of(currency), -int(Decimal(value).as_tuple().exponent))
    return f"{Decimal(value):,.{places}f}"


def plain_number(value: Decimal | int | None) -> str:
    """A number as one would type it: 1.5, not 1.50 or 15E-1."""
    return "" if value is None else f"{Decimal(value):f}"


def day(timestamp: int | None) -> str:
    """The date of an instant in the account's zone, as 2026-11-27."""
    return "" if timestamp is None else _local(timestamp).date().isoformat()


def moment(timestamp: int | None) -> str:
    return "" if timestamp is None else f"{_local(timestamp):%Y-%m-%d %H:%M:%S}"


def midnight(param: str, text: str) -> int:
    """Return what a date that was entered by hand stands for: midnight in the account's zone.

    Raises:
        ApiError: 400, not a date.
    """
    try:
        return int(datetime.combine(date.fromisoformat(text), time(), ZONE).timestamp())
    except ValueError:
        raise bad_parameter(param, f"{param} must be a date such as 2026-01-31") from None


def _local(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC).astimezone(ZONE)


def words(name: str) -> str:
    """wire_transfer as "wire transfer"."""
    return name.replace("_", " ")


def link_to(account: Account, kind: Kind, id: int | None) -> Link:
    """A link by the name that people know the object by; no link to what is gone or has no page."""
    one = account.find(kind, id) if id is not None else None
    if one is None:
        return Link("" if id is None else f"#{id}")
    return Link(_name_of(kind, one), kind, id) if kind in KIND_OF.values() else Link(_name_of(kind, one))


def _name_of(kind: str, one: Mapping[str, Any]) -> str:
    if kind in ("customer", "contact"):
        return str(one["name"])
    return str(one.get("number") or f"#{one['id']}")


def document_row(account: Account, kind: Kind, one: Object) -> DocumentRow:
    state = payment_state(one) if kind == "payment" else one["status"]
    detail = " ".join(filter(None, (words(one["method"]), one["reference"]))) if kind == "payment" else ""
    return DocumentRow(
        Link(_name_of(kind, one), kind, one["id"]),
        detail,
        day(one["date"]),
        link_to(account, "customer", one["customer"]),
        money(one["amount"] if kind == "payment" else one["total"], one["currency"]),
        money(one["balance"], one["currency"]) if one["balance"] else "",
        words(state),
        state in _WARNINGS,
    )


def payment_state(payment: Object) -> str:
    if payment["voided"]:
        return "voided"
    charge = payment["charge"]
    if charge is not None and charge["status"] != "succeeded":
        return str(charge["status"])
    return "applied" if not payment["balance"] else "partly applied" if _is_applied(payment) else "not applied"


def _is_applied(payment: Object) -> bool:
    return bool(payment["balance"] != payment["amount"])


def splits_of(account: Account, applications: Iterable[Object]) -> list[Split]:
    rows = []
    for one in applications:
        payment = account.get("payment", one["payment"])
        out_of = None
        if one["type"] == "credit_note":
            out_of = link_to(account, "credit_note", one["credit_note"])
        elif one["type"] == "applied_credit":
            out_of = Link("credit balance")
        paid = link_to(account, "invoice", one["invoice"]) if one.get("invoice") is not None else None
        rows.append(
            Split(
                Link(_name_of("payment", payment), "payment", payment["id"]),
                day(payment["date"]),
                paid or Link("credit balance" if one["type"] == "credit" else words(one["type"])),
                out_of,
                money(one["amount"], payment["currency"]),
                "" if one["state"] == "applied" else one["state"],
            )
        )
    return rows


def adjustment(one: Object, kind: str) -> str:
    """A discount or a tax in words: "Early payment, 2 %", or nothing for a mere amount."""
    rate = one[kind]
    if rate is None:
        return ""
    return f"{rate['name']}, {rate_words(rate)}"


def rate_words(rate: Mapping[str, Any]) -> str:
    """The value of a coupon or tax rate: "7 %", "20.00 USD", "7 %, in the price"."""
    is_percent = rate["is_percent"]
    value = f"{plain_number(rate['value'])} %" if is_percent else money(rate["value"], rate["currency"] or "usd")
    return f"{value}, in the price" if rate.get("inclusive") else value


def sums_of(document: Object) -> list[tuple[str, str]]:
    """What lies between the lines of a document and its total, and below it."""
    currency = document["currency"]
    rows = [("Subtotal", money(document["subtotal"], currency))]
    holders = [*document["items"], document]
    for kind, plural, sign in (("coupon", "discounts", -1), ("tax_rate", "taxes", 1)):
        sums: dict[str, Decimal] = {}
        for one in (one for holder in holders for one in holder[plural]):
            name = adjustment(one, kind) or ("Discount" if kind == "coupon" else "Tax")
            sums[name] = sums.get(name, Decimal(0)) + sign * Decimal(one["amount"])
        rows += [(name, money(amount, currency)) for name, amount in sums.items()]
    return rows
